import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type HostInterface, readInterfaces, watchInterfaces } from '../../src/net/interfaces.ts';
import { FakeClock } from '../harness/clock.ts';

const noSysfs = existsSync('/sys/class/net/lo') ? false : 'needs /sys/class/net/lo';

it('reads the loopback interface of this host', { skip: noSysfs }, () => {
  const loopback = readInterfaces().find((each) => each.name === 'lo');
  assert.ok(loopback !== undefined && loopback.index > 0);
  assert.equal(loopback.mac, undefined, 'all zero is no hardware address');
  if (loopback.up) {
    assert.equal(loopback.running, true);
    assert.ok(loopback.addresses.some((each) => each.address === 0x7f000001 && each.prefixLength === 8));
  }
});

const ENO2: HostInterface = {
  name: 'eno2',
  index: 3,
  up: true,
  running: true,
  addresses: [{ address: 0x0a4d0001, prefixLength: 24 }],
};
const ENO3: HostInterface = { ...ENO2, name: 'eno3', index: 4, addresses: [] };

class Watched {
  readonly clock = new FakeClock();
  readonly told: string[] = [];
  now: HostInterface[] = [ENO2, ENO3];
  names = ['eno2', 'eno9'];
  readonly watch = watchInterfaces(
    () => this.names,
    this.clock,
    (name, state) => void this.told.push(`${name} ${state === undefined ? 'gone' : state.index}`),
    () => this.now,
  );
}

describe('a watched interface', () => {
  const changes: [what: string, after: HostInterface[], told: string[]][] = [
    ['that stays as it is is not told', [ENO2, ENO3], []],
    ['that goes', [ENO3], ['eno2 gone']],
    ['that was made anew', [{ ...ENO2, index: 9 }], ['eno2 9']],
    ['that loses its carrier', [{ ...ENO2, running: false }], ['eno2 3']],
    ['that is switched off', [{ ...ENO2, up: false }], ['eno2 3']],
    ['that loses its address', [{ ...ENO2, addresses: [] }], ['eno2 3']],
    ['that was not there at first', [ENO2, { ...ENO3, name: 'eno9' }], ['eno9 4']],
    ['beside one that nobody watches', [ENO2, { ...ENO3, index: 77 }], []],
  ];
  for (const [what, after, told] of changes) {
    it(what, () => {
      const watched = new Watched();
      watched.clock.advance(10_000);
      assert.deepEqual(watched.told, []);
      watched.now = after;
      watched.clock.advance(2_000);
      assert.deepEqual(watched.told, told);
      watched.clock.advance(60_000);
      assert.deepEqual(watched.told, told, 'once');
    });
  }

  it('has the same addresses in whatever order the kernel lists them', () => {
    const watched = new Watched();
    const [first] = ENO2.addresses;
    const second = { address: 0x0a4d0002, prefixLength: 24 };
    watched.now = [{ ...ENO2, addresses: [first!, second] }];
    watched.clock.advance(2_000);
    watched.now = [{ ...ENO2, addresses: [second, first!] }];
    watched.clock.advance(2_000);
    assert.deepEqual(watched.told, ['eno2 3']);
  });

  it('that a reload names is told also if it was made anew just before', () => {
    const watched = new Watched();
    watched.now = [ENO2, { ...ENO3, index: 77 }];
    watched.names = ['eno2', 'eno3'];
    watched.clock.advance(2_000);
    assert.deepEqual(watched.told, ['eno3 77']);
  });

  it('is let alone after stop', () => {
    const watched = new Watched();
    watched.watch.stop();
    watched.now = [];
    watched.clock.advance(10_000);
    assert.deepEqual(watched.told, []);
    assert.equal(watched.clock.pendingTimers, 0);
  });
});
