// `node send-datagram.ts FROM_PORT TO_ADDRESS TO_PORT WAIT_MS HEX`: sends one datagram from this namespace and prints what
// comes back in that time, a line each: sender's address and hex.
import { createSocket } from 'node:dgram';

const [fromPort, address, toPort, waitMs, hex] = process.argv.slice(2) as [string, string, string, string, string];
const socket = createSocket({ type: 'udp4', reuseAddr: true });
socket.on('message', (data, from) => console.log(`${from.address} ${data.toString('hex')}`));
socket.bind(Number(fromPort), '0.0.0.0', () => {
  socket.setBroadcast(true);
  socket.send(Buffer.from(hex, 'hex'), Number(toPort), address);
  setTimeout(() => socket.close(), Number(waitMs));
});
