import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { CommandRequest } from '../../src/domain/commands.ts';
import { NotFound, type PodbootError } from '../../src/domain/errors.ts';
import type { SlurmNodes } from '../../src/domain/schedulers.ts';
import { createSlurmClient } from '../../src/runners/slurm/slurm-client.ts';
import { localSlurm } from '../../src/runners/slurm/slurm-programs.ts';
import { isOpen, isWell } from '../../src/runners/slurm/slurm-state.ts';
import { until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SLURM_TOOLS, TestSlurm } from '../harness/slurm.ts';

describe('Slurm’s own daemons', { skip: unmet({ root: true, tools: SLURM_TOOLS }) }, () => {
  let slurm: TestSlurm;
  let client: SlurmNodes;
  const ran: string[] = [];

  before(async () => {
    slurm = new TestSlurm(['dgx01', 'dgx02', 'dgx03']);
    await slurm.start();
    await slurm.startNode('dgx01');
    await slurm.startNode('dgx02');
    const commands = slurm.commands();
    const counted = {
      run: (request: CommandRequest) => {
        ran.push(request.argv.join(' '));
        return commands.run(request);
      },
    };
    client = createSlurmClient(localSlurm(counted));
  });

  after(() => slurm.stop());

  async function code(promise: Promise<unknown>): Promise<string> {
    return promise.then(
      () => 'succeeded',
      (error: PodbootError) => error.code,
    );
  }

  test('idle, never seen, not there', async () => {
    const idle = await client.node('dgx01');
    assert.equal(idle?.base, 'idle');
    assert.equal(idle?.gres, 'gpu:test:2');
    const unseen = await client.node('dgx03');
    assert.ok(unseen !== undefined && !isWell(unseen));
    assert.equal(await client.node('dgx09'), undefined);
    await assert.rejects(client.drain('dgx09', 'k8s'), NotFound);
  });

  test('a drain waits for its job, and “already” is a success both ways', async () => {
    const job = await slurm.job('dgx01');
    await client.drain('dgx01', 'k8s');
    const draining = await client.node('dgx01');
    assert.deepEqual([draining?.base, draining?.flags, draining?.reason], ['mixed', ['drain'], 'k8s']);
    assert.deepEqual(await client.jobsOn('dgx01'), [job]);
    assert.deepEqual(await client.jobsOn('dgx02'), []);
    await client.cancel([job]);
    await client.cancel([job]);
    await until(async () => (await client.jobsOn('dgx01')).length === 0, {
      what: 'its job is gone',
      timeoutMs: 15_000,
    });
    await client.drain('dgx01', 'another reason');
    assert.equal((await client.node('dgx01'))?.reason, 'k8s');
    await client.resume('dgx01');
    ran.length = 0;
    await client.resume('dgx01');
    assert.ok(!ran.some((line) => line.startsWith('scontrol')), 'it is open already');
    await until(async () => (await client.node('dgx01'))?.flags.length === 0, {
      what: 'it answers',
      timeoutMs: 15_000,
    });
  });

  test('somebody else’s reason is left alone', async () => {
    slurm.must(['scontrol', 'update', 'nodename=dgx02', 'state=drain', 'reason=GPU 3 fell off the bus']);
    assert.equal(await code(client.resume('dgx02')), 'slurm-held');
    await client.drain('dgx02', 'k8s');
    assert.equal((await client.node('dgx02'))?.reason, 'GPU 3 fell off the bus');
    slurm.must(['scontrol', 'update', 'nodename=dgx02', 'state=resume']);
  });

  test('down after an unexpected reboot is set idle', async () => {
    slurm.must(['scontrol', 'update', 'nodename=dgx02', 'state=down', 'reason=Node unexpectedly rebooted']);
    const down = await client.node('dgx02');
    assert.ok(down !== undefined && !isOpen(down));
    await client.resume('dgx02');
    assert.ok(ran.includes('scontrol update nodename=dgx02 state=idle'));
    assert.equal((await client.node('dgx02'))?.base, 'idle');
  });

  test('a name that Slurm would read as a list never reaches it', async () => {
    ran.length = 0;
    for (const name of ['dgx[01-02]', 'dgx01,dgx02', 'ALL', '-h', 'dgx01 state=down']) {
      assert.equal(await code(client.node(name)), 'slurm-refused', name);
      assert.equal(await code(client.drain(name, 'k8s')), 'slurm-refused', name);
      assert.equal(await code(client.jobsOn(name)), 'slurm-refused', name);
    }
    assert.equal(await code(client.cancel(['1', '-u root'])), 'slurm-refused');
    assert.deepEqual(ran, []);
  });

  test('a reason of any characters stays one reason', async () => {
    await client.drain('dgx01', 'pod\n"boot" state=down \u0007');
    const node = await client.node('dgx01');
    assert.deepEqual([node?.base, node?.flags], ['idle', ['drain']]);
    assert.equal(node?.reason, 'pod boot state down');
    slurm.must(['scontrol', 'update', 'nodename=dgx01', 'state=resume']);
  });

  test('sinfo without JSON is read as text', async () => {
    const commands = slurm.commands();
    const old = createSlurmClient(
      localSlurm({
        run: (request) =>
          request.argv.includes('--json')
            ? Promise.resolve({ end: 'exited', exitCode: 1, stdout: '', stderr: 'sinfo: unrecognized option' })
            : commands.run(request),
      }),
    );
    assert.deepEqual(await old.node('dgx02'), await client.node('dgx02'));
  });

  test('a slurmctld that is away is told as such', async () => {
    await slurm.stopDaemon('slurmctld');
    assert.equal(await code(client.node('dgx01')), 'slurm-unreachable');
    await slurm.startController();
    assert.equal((await client.node('dgx01'))?.name, 'dgx01');
  });
});
