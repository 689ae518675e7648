// The client of the npm package `tftp2`, alone in its process: `node npm-tftp2-client.mjs SERVER NAME TARGET`.
import { writeFileSync } from 'node:fs';
import tftp from 'tftp2';

const [server, name, target] = process.argv.slice(2);
const blocks = [];
// Its connection hands out views of one buffer.
await tftp.Client(server, 69).read(
  name,
  (block) => blocks.push(Buffer.from(block)),
  () => {
    writeFileSync(target, Buffer.concat(blocks));
    process.exit(0);
  },
);
