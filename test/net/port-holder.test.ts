import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { findUdpPortHolder, inodesOfUdpPort } from '../../src/net/port-holder.ts';

/** As the kernel prints it: port 69 of 10.77.0.1, port 67 of all addresses. */
const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  101: 01004D0A:0045 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000000000000000 0
  102: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 0000000000000000 0
`;
const OURS = 0x0a4d0001;

function procWith(context: TestContext): string {
  const proc = mkdtempSync(join(tmpdir(), 'podboot-proc-'));
  context.after(() => rmSync(proc, { recursive: true }));
  mkdirSync(join(proc, 'net'));
  writeFileSync(join(proc, 'net/udp'), TABLE);
  mkdirSync(join(proc, '812/fd'), { recursive: true });
  writeFileSync(join(proc, '812/comm'), 'dnsmasq\n');
  symlinkSync('/dev/null', join(proc, '812/fd/0'));
  symlinkSync('socket:[4711]', join(proc, '812/fd/5'));
  mkdirSync(join(proc, '813'));
  return proc;
}

describe('the holder of a UDP port', () => {
  it('is named with its process id', (context) => {
    assert.equal(findUdpPortHolder(OURS, 69, procWith(context)), 'dnsmasq (pid 812)');
  });

  it('is not known where its process can not be looked into', (context) => {
    assert.equal(findUdpPortHolder(OURS, 67, procWith(context)), undefined);
  });

  it('is not known where there is no /proc', () => {
    assert.equal(findUdpPortHolder(OURS, 69, '/nonexistent'), undefined);
  });

  it('may hold the port for all addresses, or one address while all are wanted', () => {
    assert.deepEqual([...inodesOfUdpPort(TABLE, OURS, 67)], ['4712']);
    assert.deepEqual([...inodesOfUdpPort(TABLE, 0, 69)], ['4711']);
    assert.deepEqual([...inodesOfUdpPort(TABLE, 0x0a4d0002, 69)], []);
  });
});
