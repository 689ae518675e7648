import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BootEvent } from '../../src/domain/events.ts';
import { BootStages } from '../../src/metrics/boot-stages.ts';
import { FakeClock } from '../harness/clock.ts';

function watched() {
  const clock = new FakeClock();
  const stages = new BootStages({ clock, isKernel: (file) => file === 'debian/linux' });
  const happen = (type: string, data: BootEvent['data'] = {}, nodeId: string | null = 'n1') =>
    stages.emit({ type, level: 'info', subject: nodeId === null ? {} : { nodeId }, text: '', data });
  const reached = () =>
    Object.fromEntries(
      Array.from(stages.seconds(), ([stage, { count, sum }]) => [stage, [count, sum]] as const).filter(
        ([, [count]]) => count !== 0,
      ),
    );
  return { clock, stages, happen, reached };
}

describe('the stages of a boot', () => {
  it('are measured from the first DISCOVER of the firmware, each once', () => {
    const { clock, happen, reached, stages } = watched();
    happen('dhcp.offer', { stage: 'pxe' });
    clock.advance(4_000);
    happen('dhcp.offer', { stage: 'pxe' });
    clock.advance(1_000);
    happen('dhcp.offer', { stage: 'ipxe' });
    clock.advance(1_000);
    happen('http.script', { boots: 'kernel' });
    happen('http.script', { boots: 'kernel' });
    clock.advance(4_000);
    happen('http.asset', { file: 'debian/initrd.gz' });
    happen('http.asset', { file: 'debian/linux' });
    clock.advance(60_000);
    happen('life.step', { event: 'claimed', state: 'installing' });
    clock.advance(530_000);
    happen('life.state', { event: 'os-answered', state: 'installed' });
    assert.deepEqual(reached(), {
      program: [1, 5],
      script: [1, 6],
      kernel: [1, 10],
      answers: [1, 70],
      installed: [1, 600],
    });
    assert.equal(stages.installations().get('installed'), 1);
  });

  it('begin anew when the firmware asks again after its script', () => {
    const { clock, happen, reached } = watched();
    happen('dhcp.offer', { stage: 'http' });
    clock.advance(10_000);
    happen('http.script', { boots: 'disk' });
    clock.advance(3_600_000);
    happen('dhcp.offer', { stage: 'http' });
    clock.advance(2_000);
    happen('tftp.config', { boots: 'disk' });
    assert.deepEqual(reached(), { script: [2, 12], disk: [2, 12] });
  });

  it('begin with iPXE where it is in the ROM', () => {
    const { clock, happen, reached } = watched();
    happen('dhcp.offer', { stage: 'ipxe' });
    clock.advance(2_000);
    happen('http.script', { boots: 'kernel' });
    assert.deepEqual(reached(), { script: [1, 2] });
  });

  it('of machines that are no nodes, and of boots that nobody saw begin, are not counted', () => {
    const { happen, reached } = watched();
    happen('dhcp.offer', { stage: 'pxe' }, null);
    happen('http.script', { boots: 'kernel' });
    happen('dhcp.offer', { stage: 'os' });
    happen('http.asset', { file: 'debian/linux' });
    assert.deepEqual(reached(), {});
  });

  it('are kept of a bounded number of boots at once: the oldest makes room', () => {
    const { happen, reached } = watched();
    for (let node = 0; node <= 4_096; node += 1) happen('dhcp.offer', { stage: 'pxe' }, `n${node}`);
    happen('http.script', { boots: 'kernel' }, 'n0');
    assert.deepEqual(reached(), {});
    happen('http.script', { boots: 'kernel' }, 'n1');
    assert.deepEqual(reached(), { script: [1, 0] });
  });

  it('count installations that failed', () => {
    const { happen, stages } = watched();
    happen('life.fault', { event: 'installer-failed', fault: 'installer-failed' });
    happen('life.fault', { event: 'deadline', fault: 'no-discover' });
    assert.equal(stages.installations().get('failed'), 1);
  });
});
