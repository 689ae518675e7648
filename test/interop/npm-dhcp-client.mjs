// The client of the npm package `dhcp`, alone in its process: `node npm-dhcp-client.mjs MAC`. Prints its lease as JSON.
import dhcp from 'dhcp';

const client = dhcp.createClient({ mac: process.argv[2] });
client.on('bound', (state) => {
  console.log(JSON.stringify({ address: state.address, server: state.server, options: state.options }));
  process.exit(0);
});
client.on('error', (error) => {
  console.error(String(error));
  process.exit(1);
});
// Its first REQUEST asks for 0.0.0.0 and names no server; it only knows its address when it begins again.
client.on('listening', () => {
  client.sendDiscover();
  setInterval(() => client.sendDiscover(), 1000);
});
client.listen();
setTimeout(() => {
  console.error('no lease in 5 s');
  process.exit(1);
}, 5000);
