import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkCapabilities } from '../../src/doctor/checks/capabilities.ts';
import { checkFirewall } from '../../src/doctor/checks/firewall.ts';
import { checkBmcs, checkDisk, checkTime } from '../../src/doctor/checks/host.ts';
import { checkLink, type LinkFacts } from '../../src/doctor/checks/link.ts';
import { checkOtherServers } from '../../src/doctor/checks/other-servers.ts';
import { checkSpanningTree, decodeBpdu } from '../../src/doctor/checks/spanning-tree.ts';
import { exitCode, type Finding, finding, ok } from '../../src/doctor/finding.ts';

const levels = (findings: readonly Finding[]) => findings.map(({ level }) => level);

/** What is not as it should be says what to do. */
function told(findings: readonly Finding[], expected: string, text: RegExp, mend?: RegExp): void {
  assert.equal(levels(findings).join(' '), expected, JSON.stringify(findings));
  assert.match(findings[0]?.text ?? '', text);
  if (mend !== undefined) assert.match(findings[0]?.mend ?? '', mend);
}

describe('the exit code', () => {
  it('says the worst', () => {
    assert.equal(exitCode([ok('a', ''), finding('b', 'note', '')]), 0);
    assert.equal(exitCode([finding('b', 'warning', ''), ok('a', '')]), 1);
    assert.equal(exitCode([finding('b', 'warning', ''), finding('c', 'trouble', '')]), 2);
  });
});

describe('a link', () => {
  const sound: LinkFacts = {
    name: 'eno2',
    isThere: true,
    isUp: true,
    hasCarrier: true,
    mtuBytes: 1_500,
    speed: 25_000,
    duplex: 'full',
  };
  it('that is up is well', () => told(checkLink(sound), 'ok', /up, MTU 1500, 25000 Mb\/s/));
  it('that is not there, down or without a cable boots nobody', () => {
    told(checkLink({ ...sound, isThere: false }), 'trouble', /no interface eno2/, /ip -br link/);
    told(checkLink({ ...sound, isUp: false }), 'trouble', /is down/, /ip link set eno2 up/);
    told(checkLink({ ...sound, hasCarrier: false }), 'trouble', /no carrier/, /cable/);
  });
  it('with small packets cuts boot programs in pieces, with large ones is worth a note', () => {
    told(checkLink({ ...sound, mtuBytes: 1_400 }), 'warning', /MTU of 1400/, /maxBlockBytes to 1368/);
    told(checkLink({ ...sound, mtuBytes: 9_000 }), 'note', /9000/, /ping -M do -s 8972/);
  });
  it('that is slow or half duplex hurts', () => {
    told(checkLink({ ...sound, speed: 100 }), 'warning', /100 Mb\/s: .* 11 min/);
    told(checkLink({ ...sound, duplex: 'half' }), 'warning', /half duplex/);
  });
});

describe('another DHCP server', () => {
  const base = { interfaceName: 'eno2', servers: ['10.77.0.9'], waitedMs: 6_000 };
  it('is trouble where podboot is to be the only one, and wanted where it is a proxy', () => {
    told(
      checkOtherServers({ ...base, mode: 'authoritative' }),
      'trouble',
      /10\.77\.0\.9/,
      /arping -I eno2 10\.77\.0\.9/,
    );
    told(checkOtherServers({ ...base, mode: 'reservations' }), 'warning', /10\.77\.0\.9/);
    told(checkOtherServers({ ...base, mode: 'proxy' }), 'ok', /gives the addresses/);
  });
  it('that is missing is trouble for a proxy alone', () => {
    told(checkOtherServers({ ...base, servers: [], mode: 'proxy' }), 'trouble', /no DHCP server/);
    told(checkOtherServers({ ...base, servers: [], mode: 'authoritative' }), 'ok', /within 6 s/);
  });
  it('that could not be looked for is a note, never well', () => {
    told(
      checkOtherServers({ ...base, servers: [], mode: 'authoritative', trouble: 'no permission' }),
      'note',
      /no permission/,
      /root/,
    );
  });
});

describe('spanning tree', () => {
  /** A configuration BPDU of the Linux bridge, with forward delay 15 s; `version` 2 of an RSTP switch. */
  const frame = (version: number, flags = 0) =>
    Buffer.concat([
      Buffer.from('0180c2000000525400aa00010026424203', 'hex'),
      Buffer.from([0, 0, version, version === 0 ? 0 : 2, flags]),
      Buffer.from('8000525400aa0001000000008000525400aa0001800100001400', 'hex'),
      Buffer.from('02000f00', 'hex'),
      Buffer.alloc(8),
    ]);
  const facts = { interfaceName: 'eno2', waitedMs: 5_000 };
  it('of the old kind holds a port shut longer than firmware asks', () => {
    const bpdu = decodeBpdu(frame(0));
    assert.deepEqual(bpdu, { version: 0, forwardDelaySeconds: 15, isTopologyChanging: false });
    told(checkSpanningTree({ ...facts, bpdu }), 'warning', /802\.1D.* 30 s/, /portfast/);
  });
  it('of the rapid kind is a note, and a warning while it changes', () => {
    told(checkSpanningTree({ ...facts, bpdu: decodeBpdu(frame(2)) }), 'note', /RSTP/);
    told(checkSpanningTree({ ...facts, bpdu: decodeBpdu(frame(2, 1)) }), 'note warning', /RSTP/);
  });
  it('that nobody speaks of is well; what could not be heard is a note', () => {
    told(checkSpanningTree({ ...facts, bpdu: undefined }), 'ok', /5 s/);
    told(checkSpanningTree({ ...facts, bpdu: undefined, trouble: 'it takes CAP_NET_RAW' }), 'note', /CAP_NET_RAW/);
  });
  it('is not read into other frames, nor beyond their end', () => {
    const sound = frame(0);
    for (let length = 0; length < sound.length; length += 1) {
      const bpdu = decodeBpdu(sound.subarray(0, length));
      assert.ok(bpdu === undefined || length >= 52, `${length}`);
    }
    const other = Buffer.from(sound);
    other[14] = 0xaa;
    assert.equal(decodeBpdu(other), undefined);
  });
});

describe('the host', () => {
  it('with a wrong clock is told before certificates are', () => {
    const base = { now: 2e12, notBefore: 1e12, isSynchronised: true };
    told(checkTime(base), 'ok', /synchronised/);
    told(checkTime({ ...base, now: 9e11 }), 'trouble', /which is past/, /set-ntp/);
    told(checkTime({ ...base, isSynchronised: false }), 'warning', /not synchronised/);
    told(checkTime({ ...base, isSynchronised: undefined }), 'note', /nobody says/);
  });
  it('with a disk that is full, slow or elsewhere is told what waits for it', () => {
    const base = { dataDir: '/var/lib/podboot', freeBytes: 1e11, freeInodes: 1e6, fsyncMs: 1, network: undefined };
    told(checkDisk(base), 'ok', /100\.0 GB free, an fsync takes 1\.0 ms/);
    told(checkDisk({ ...base, freeBytes: 5e8 }), 'warning', /0\.5 GB/, /df -h/);
    told(checkDisk({ ...base, freeBytes: 1e7 }), 'trouble', /0\.0 GB/);
    told(checkDisk({ ...base, freeInodes: 3 }), 'trouble', /3 inodes/);
    told(checkDisk({ ...base, fsyncMs: 30 }), 'warning', /30 ms/, /SSD/);
    told(checkDisk({ ...base, fsyncMs: 900 }), 'trouble', /900 ms/);
    told(checkDisk({ ...base, network: 'NFS' }), 'trouble', /NFS/, /local disk/);
    told(checkDisk({ ...base, fsyncMs: undefined }), 'ok', /free$/);
  });
  it('that reaches no BMC has no way there; that misses some has some to look at', () => {
    told(checkBmcs({ asked: 3, silent: [] }), 'ok', /all 3/);
    told(checkBmcs({ asked: 3, silent: ['a', 'b', 'c'] }), 'trouble', /none of the 3/, /ip route get/);
    told(checkBmcs({ asked: 3, silent: ['b'] }), 'warning', /2 of 3 .* b$/, /bmc test/);
    told(checkBmcs({ asked: 0, silent: [] }), 'note', /by hand/);
  });
  it('may have too few capabilities: a warning of the daemon that runs, a note of whoever asks', () => {
    const base = { of: 'daemon', firstFreePort: 1_024, lowestPort: 67 } as const;
    told(checkCapabilities({ ...base, effective: '000001ffffffffff' }), 'ok', /daemon/);
    told(
      checkCapabilities({ ...base, effective: '0' }),
      'warning note',
      /CAP_NET_BIND_SERVICE.* 67/,
      /AmbientCapabilities/,
    );
    told(checkCapabilities({ ...base, of: 'asker', effective: '0' }), 'note note', /this user/);
    told(checkCapabilities({ ...base, firstFreePort: 0, effective: '1000' }), 'ok', /unicast/);
  });
});

describe('a firewall that could not be read', () => {
  it('is a note, never well', () => {
    told(
      checkFirewall({ verdicts: [], trouble: 'Operation not permitted', hasLegacyRules: false }),
      'note',
      /not permitted/,
      /root/,
    );
    told(checkFirewall({ verdicts: [], hasLegacyRules: true }), 'note', /iptables/, /iptables-legacy-save/);
  });
});
