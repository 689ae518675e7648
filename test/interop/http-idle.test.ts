import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, SITE, Site } from './site.ts';

const skip = unmet({ root: true, tools: ['ip', 'curl'] });
const MOST = 8;

/** Takes every connection, asks for nothing on half of them and for a half thing on the others, and never closes its side. */
const HOLDER = `
  const { connect } = require('node:net');
  for (let index = 0; index < ${MOST}; index += 1) {
    const socket = connect({ host: '${SERVER}', port: 80, allowHalfOpen: true });
    socket.on('error', () => {}).on('data', () => {});
    if (index % 2 === 1) socket.write('GET /boot.ipxe HT');
  }
  setTimeout(() => {}, 600_000);
`;

test('a client that takes all connections, says nothing and never closes has them for seconds, not for ever', {
  skip,
}, async () => {
  await using site = await Site.up({ ...SITE, http: { maxConnections: MOST } }, { linux: 'a kernel' });
  const hostile = site.client('52:54:00:77:03:01', '10.77.0.31/24');
  const honest = site.client('52:54:00:77:03:02', '10.77.0.32/24');
  const fetch = () => honest.run(['curl', '-s', '-m', '2', `http://${SERVER}/assets/linux`]).stdout;
  const holder = hostile.background([process.execPath, '-e', HOLDER]);
  try {
    await until(() => fetch() === '', { what: 'all connections are taken', timeoutMs: 5_000 });
    await until(() => fetch() === 'a kernel', { what: 'the others are served again', timeoutMs: 20_000, everyMs: 500 });
    assert.ok(holder.running, 'and that without its help');
  } finally {
    await holder.stop();
  }
});
