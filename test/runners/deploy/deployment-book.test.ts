import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readPlan } from '../../../src/runners/deploy/read-plan.ts';
import { cluster, DeployPod } from './house.ts';

const UP = { isUp: true, found: '200 in 3 ms' };

async function pod(): Promise<DeployPod> {
  const made = new DeployPod();
  made.addNodes('mgmt[01-03]', ['mgmt'], 'ready');
  made.addNodes('dgx[01-10]', ['dgx'], 'enrolled');
  await made.book.open();
  return made;
}

function plan(steps: string) {
  return readPlan(`name: pod1\nsteps:\n${steps}`);
}

describe('a deployment plan under way', () => {
  test('the whole of the guide: each of the eight steps waits for what it needs', async () => {
    const house = await pod();
    house.clusters.push(cluster('batch', 'slurm', ['dgx', 'login']));
    const standard = house.book.standard();
    assert.deepEqual(
      standard.steps.map(({ name, after }) => [name, after]),
      [
        ['management', []],
        ['prepare', ['management']],
        ['kubernetes', ['prepare']],
        ['basic-services', ['kubernetes']],
        ['install', ['basic-services']],
        ['installed', ['install']],
        ['joined', ['installed']],
        ['slurm', ['joined']],
        ['additional-services', ['slurm']],
        ['verify', ['additional-services']],
      ],
    );
    await house.book.start(standard, 'ada', 10);
    await house.pass();
    assert.deepEqual(
      house.runs.map(({ action, hosts }) => [action, Object.keys(hosts)]),
      [['deploy', ['mgmt01', 'mgmt02', 'mgmt03']]],
    );
    assert.match(house.step('standard', 'kubernetes').text ?? '', /the run run-1/);
    assert.deepEqual(house.installed, [], 'nothing is armed before Kubernetes stands');

    await house.end();
    assert.equal(house.running[0]?.service, 'ingress');
    house.links.set('ingress', { isUp: false, found: 'connection refused: nothing listens there', mend: 'look' });
    await house.end();
    assert.match(house.step('standard', 'basic-services').text ?? '', /ingress at http.*connection refused/);
    assert.equal(house.installed.length, 0);
    house.links.set('ingress', UP);
    await house.pass();
    assert.equal(house.installed.length, 10);
    assert.match(
      house.step('standard', 'installed').text ?? '',
      /0 of 10 nodes installed or handing-off or ready, 9 needed/,
    );

    house.set('dgx[01-08]', { state: 'installed' });
    house.set('dgx09', { state: 'installing', fault: 'the installer is silent' });
    await house.pass();
    assert.match(house.step('standard', 'installed').text ?? '', /8 of 10.*with a fault: dgx09/);
    house.set('dgx10', { state: 'installed' });
    await house.pass();
    assert.equal(house.step('standard', 'installed').state, 'done');
    house.set('dgx[01-08,10]', { state: 'ready' });
    await house.pass();
    assert.equal(house.running[0]?.cluster, 'batch');
    for (const service of ['dashboard', 'monitoring', 'logging']) house.links.set(service, UP);
    await house.end();
    for (const service of ['dashboard', 'monitoring', 'logging']) {
      assert.equal(house.running[0]?.service, service);
      await house.end();
    }
    assert.equal(house.book.get('standard').state, 'done', house.states('standard'));
    assert.ok(house.events.some(({ type }) => type === 'deploy.done'));
    await house.book.close();
    assert.equal(house.clock.pendingTimers, 0);
  });

  test('a restart in the middle of a run takes it up: no second run', async () => {
    const house = await pod();
    await house.book.start(plan('  - { name: k, run: { cluster: pod1, action: deploy } }'), 'ada', 0);
    await house.pass();
    assert.equal(house.running.length, 1);
    await house.restart();
    await house.pass(60);
    assert.equal(house.runs.length, 1);
    await house.end();
    assert.equal(house.book.get('pod1').state, 'done');
  });

  test('killed between the start of a run and the word of it: the run is found by its name', async () => {
    const house = await pod();
    await house.book.start(plan('  - { name: k, run: { cluster: pod1, action: deploy } }'), 'ada', 0);
    await house.pass();
    const stored = house.stored.get('pod1');
    assert.ok(stored?.steps.k?.runs);
    const { runs: _, ...without } = stored.steps.k;
    house.stored.set('pod1', { ...stored, steps: { k: without } });
    await house.restart();
    await house.pass(60);
    assert.equal(house.runs.length, 1);
    assert.deepEqual(house.step('pod1', 'k').runs, { deploy: 'run-1' });
  });

  test('a run that fails stops what is behind it; taken up it is begun once more, in a name of its own', async () => {
    const house = await pod();
    const steps = '  - { name: k, run: { cluster: pod1, action: deploy } }\n  - { name: word, confirm: go on }';
    await house.book.start(plan(steps), 'ada', 0);
    await house.pass();
    await house.end('failed', 'mgmt02 can’t be reached');
    assert.equal(house.book.get('pod1').state, 'failed');
    assert.equal(house.states('pod1'), 'k failed, word waiting');
    assert.match(house.step('pod1', 'k').text ?? '', /run-1.*has failed: mgmt02 can’t be reached/);
    assert.match(house.step('pod1', 'k').mend ?? '', /podboot runs log run-1.*podboot deploy resume pod1/);
    await house.book.resume('pod1', 'ada');
    await house.pass();
    assert.equal(house.runs.length, 2);
    assert.notEqual(house.runs[0]?.by, house.runs[1]?.by);
    await house.end();
    assert.match(house.step('pod1', 'word').text ?? '', /a person’s word: go on/);
    await house.book.confirm('pod1', 'word', 'grace');
    await house.pass();
    assert.equal(house.book.get('pod1').state, 'done');
    assert.equal(house.step('pod1', 'word').by, 'grace');
  });

  test('an optional step that fails holds up nobody', async () => {
    const house = await pod();
    const steps =
      '  - { name: s, optional: true, services: { cluster: pod1, services: [monitoring] } }\n  - { name: word, confirm: look }';
    await house.book.start(plan(steps), 'ada', 0);
    await house.pass();
    await house.end('failed', 'no StorageClass');
    assert.equal(house.states('pod1'), 's failed, word running');
    await house.book.confirm('pod1', 'word', 'ada');
    await house.pass();
    assert.equal(house.book.get('pod1').state, 'done');
  });

  test('the number of nodes that are wiped has to be confirmed, and no others are ever', async () => {
    const house = await pod();
    const install = plan('  - { name: i, install: { roles: [dgx] } }');
    const { installs, steps } = await house.book.forecast(install);
    assert.equal(installs.length, 10);
    assert.match(steps[0]?.text ?? '', /INSTALLS 10 nodes .*: their disks are wiped/);
    for (const wrong of [0, 9, 11])
      await assert.rejects(house.book.start(install, 'ada', wrong), {
        code: 'installs-not-confirmed',
        mend: /--installs 10/,
      });
    assert.equal(house.installed.length, 0);
    await house.book.start(install, 'ada', 10);
    // Enrolled a moment later.
    house.addNodes('dgx11', ['dgx'], 'enrolled');
    await house.pass();
    assert.equal(house.installed.length, 10);
    assert.ok(!house.installed.includes('dgx11'));
  });

  test('a node that has its system keeps it, also when the step is done again', async () => {
    const house = await pod();
    house.set('dgx[01-04]', { state: 'ready' });
    house.set('dgx05', { refused: 'it has no profile' });
    const install = plan('  - { name: i, install: { names: "dgx[01-06]" } }');
    const foreseen = await house.book.forecast(install);
    assert.deepEqual(foreseen.installs, ['dgx06']);
    assert.match(foreseen.steps[0]?.problems[0]?.message ?? '', /dgx05 is left alone: it has no profile/);
    await house.book.start(install, 'ada', 1);
    await house.pass();
    assert.deepEqual(house.installed, ['dgx06']);
    assert.equal(house.book.get('pod1').state, 'done');
  });

  test('one that is refused when its turn comes is told; the others were armed and are not armed again', async () => {
    const house = await pod();
    const steps = '  - { name: word, confirm: racked }\n  - { name: i, install: { names: "dgx[01-03]" } }';
    await house.book.start(plan(steps), 'ada', 3);
    await house.pass();
    house.set('dgx02', { refused: 'it is in maintenance' });
    await house.book.confirm('pod1', 'word', 'ada');
    await house.pass();
    assert.equal(house.step('pod1', 'i').state, 'failed');
    assert.match(house.step('pod1', 'i').text ?? '', /2 of 3 nodes are armed; refused: dgx02: it is in maintenance/);
    delete house.nodes.find(({ name }) => name === 'dgx02')?.refused;
    await house.book.resume('pod1', 'ada');
    await house.pass();
    assert.deepEqual(house.installed, ['dgx01', 'dgx03', 'dgx02']);
  });

  test('stopped, nothing more begins; its run goes on, or is stopped too; it can be taken up', async () => {
    const house = await pod();
    const steps =
      '  - { name: k, run: { cluster: pod1, action: deploy } }\n  - { name: s, services: { cluster: pod1, services: [ingress] } }';
    await house.book.start(plan(steps), 'ada', 0);
    await house.pass();
    await house.book.stop('pod1', 'grace', false);
    await house.end();
    await house.pass(60);
    assert.equal(house.runs.length, 1);
    await house.restart();
    await house.pass(60);
    assert.equal(house.runs.length, 1, 'a restart does not take up what a person stopped');
    await house.book.resume('pod1', 'ada');
    await house.pass();
    assert.equal(house.running[0]?.service, 'ingress');
    await house.book.stop('pod1', 'grace', true);
    assert.equal(house.running.length, 0);
    await house.book.resume('pod1', 'ada');
    await house.pass();
    assert.equal(house.runs.length, 3, 'what was stopped is begun again');
    await assert.rejects(house.book.start(plan(steps), 'ada', 0), { code: 'conflict', message: /under way/ });
  });

  test('a step that is not done within its deadline has failed, and says what it waited for', async () => {
    const house = await pod();
    const steps = '  - { name: n, deadline: 30m, nodes: { roles: [dgx], share: 0.5 } }';
    await house.book.start(plan(steps), 'ada', 0);
    for (let minutes = 0; minutes < 31; minutes += 1) await house.pass(60);
    assert.match(house.step('pod1', 'n').text ?? '', /not done within 30 min; last: 0 of 10 nodes ready, 5 needed/);
    assert.equal(house.book.get('pod1').state, 'failed');
    await house.book.leaveOut('pod1', 'n', 'ada');
    await house.pass();
    assert.equal(house.book.get('pod1').state, 'done');
  });

  test('while somebody else’s run keeps the cluster busy it waits', async () => {
    const house = await pod();
    await house.start({ cluster: 'pod1', action: 'add-worker', hosts: ['dgx01'], by: 'installed' });
    await house.book.start(plan('  - { name: k, run: { cluster: pod1, action: deploy } }'), 'ada', 0);
    await house.pass();
    assert.match(house.step('pod1', 'k').text ?? '', /the end of run-1: pod1 takes one run at a time/);
    await house.end();
    assert.equal(house.running.length, 1);
    assert.equal(house.running[0]?.action, 'deploy');
  });

  test('obstacles of a check and of a run are told with their mend', async () => {
    const house = await pod();
    house.obstacles = [{ code: 'ansible', message: 'Ansible 2.14 is too old.', mend: 'Make a virtual environment.' }];
    await house.book.start(plan('  - { name: c, check: { cluster: pod1 } }'), 'ada', 0);
    await house.pass();
    assert.deepEqual(
      [house.step('pod1', 'c').state, house.step('pod1', 'c').text, house.step('pod1', 'c').mend],
      ['failed', 'Ansible 2.14 is too old.', 'Make a virtual environment.'],
    );
    await house.book.start(
      readPlan('name: other\nsteps: [{ name: k, run: { cluster: pod1, action: deploy } }]'),
      'ada',
      0,
    );
    await house.pass();
    assert.match(house.step('other', 'k').text ?? '', /Ansible 2.14 is too old/);
  });

  test('the owner of nodes is changed, and its failure is told', async () => {
    const house = await pod();
    house.set('dgx[01-02]', { owner: 'k8s' });
    await house.book.start(plan('  - { name: o, owner: { names: "dgx[01-02]", to: slurm } }'), 'ada', 0);
    await house.pass();
    assert.deepEqual(house.given, ['dgx01 slurm', 'dgx02 slurm']);
    assert.match(house.step('pod1', 'o').text ?? '', /2 of 2 nodes on their way to slurm; dgx01: job 4711/);
    const free = (name: string, change: object) => {
      house.set(name, change);
      delete house.nodes.find((node) => node.name === name)?.changing;
    };
    free('dgx01', { owner: 'slurm' });
    await house.pass(120);
    assert.equal(house.given.length, 2, 'it is asked once');
    free('dgx02', { trouble: 'it was put back: job 4711 still runs' });
    await house.pass();
    assert.match(house.step('pod1', 'o').text ?? '', /dgx02: it was put back/);
  });

  test('nodes that belong there already are asked once and left', async () => {
    const house = await pod();
    house.set('dgx[01-02]', { owner: 'slurm' });
    await house.book.start(plan('  - { name: o, owner: { names: "dgx[01-02]", to: slurm } }'), 'ada', 0);
    await house.pass();
    assert.equal(house.given.length, 2);
    assert.equal(house.book.get('pod1').state, 'done');
  });

  test('an acceptance that fails is asked again until the deadline; without one it has failed', async () => {
    const house = await pod();
    house.checks = [{ check: 'gpu-count', ok: false, expected: '8', found: '7', mend: 'reseat it' }];
    await house.book.start(
      plan('  - { name: v, deadline: 1h, verify: { cluster: pod1, nodes: { roles: [dgx] } } }'),
      'ada',
      0,
    );
    await house.pass(100);
    assert.match(house.step('pod1', 'v').text ?? '', /10 of 10 are not: dgx01: gpu-count is 7, expected 8/);
    assert.equal(house.step('pod1', 'v').state, 'running');
    house.checks = [{ check: 'gpu-count', ok: true, expected: '8', found: '8' }];
    await house.pass(100);
    assert.equal(house.book.get('pod1').state, 'done');
    house.checks = [{ check: 'gpu-count', ok: false, expected: '8', found: '7' }];
    await house.book.start(plan('  - { name: v, verify: { cluster: pod1 } }'), 'ada', 0);
    await house.pass();
    assert.equal(house.step('pod1', 'v').state, 'failed');
  });

  test('a store that fails holds it, and it goes on when the store does', async () => {
    const house = await pod();
    await house.book.start(plan('  - { name: k, run: { cluster: pod1, action: deploy } }'), 'ada', 0);
    house.commitFails = true;
    await house.pass(60);
    assert.ok(house.events.some(({ type, text }) => type === 'deploy.stuck' && /disk is full/.test(text)));
    house.commitFails = false;
    await house.pass(30);
    assert.equal(house.runs.length, 1);
    await house.end();
    assert.equal(house.book.get('pod1').state, 'done');
  });

  test('what is not there is told before anything begins', async () => {
    const house = await pod();
    const steps =
      '  - { name: a, run: { cluster: pod9, action: deploy } }\n  - { name: b, services: { cluster: pod1, services: [nothing] } }';
    await assert.rejects(
      house.book.start(plan(steps), 'ada', 0),
      (error: { problems: { path: string }[] }) => error.problems.map(({ path }) => path).join() === 'a,b',
    );
    const { steps: foreseen } = await house.book.forecast(plan(steps));
    assert.match(foreseen[0]?.problems[0]?.mend ?? '', /There are pod1/);
    await assert.rejects(house.book.confirm('pod1', 'a', 'ada'), { code: 'not-found' });
    house.clusters = [];
    await assert.rejects(house.book.start(house.book.standard(), 'ada', 0), { code: 'invalid-input' });
  });
});
