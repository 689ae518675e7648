import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidInput } from '../../../src/domain/errors.ts';
import { readPlan, writePlan } from '../../../src/runners/deploy/read-plan.ts';
import { standardPlan } from '../../../src/runners/deploy/standard-plan.ts';
import { cluster } from './house.ts';

const WHOLE = `name: pod1
steps:
  - name: racked
    confirm: all nodes are racked and cabled
  - name: mgmt
    after: []
    nodes: { roles: [mgmt], states: [installed, ready] }
  - name: kubernetes
    title: Kubernetes on the management nodes
    after: [racked, mgmt]
    deadline: 3h
    run: { cluster: pod1, action: deploy, nodes: { roles: [mgmt] } }
  - name: services
    optional: true
    services: { cluster: pod1, services: [ingress, monitoring] }
  - name: install
    install: { names: "dgx[01-32]", exceptRoles: [spare], profile: dgx-os-7 }
  - name: half
    owner: { names: "dgx[01-16]", to: slurm }
  - name: verify
    verify: { cluster: pod1, services: [monitoring] }
  - name: check
    check: { cluster: pod1 }
`;

describe('a deployment plan as it is written', () => {
  test('each kind of step; a step waits for the one above it unless it says otherwise', () => {
    const { steps } = readPlan(WHOLE);
    assert.deepEqual(
      steps.map(({ work }) => work.kind),
      ['confirm', 'nodes', 'run', 'services', 'install', 'owner', 'verify', 'check'],
    );
    assert.deepEqual(
      steps.map(({ after }) => after),
      [[], [], ['racked', 'mgmt'], ['kubernetes'], ['services'], ['install'], ['half'], ['verify']],
    );
    assert.equal(steps[2]?.deadlineMs, 3 * 3_600_000);
    assert.equal(steps[3]?.isOptional, true);
    assert.deepEqual(steps[1]?.work, {
      kind: 'nodes',
      nodes: { roles: ['mgmt'] },
      states: ['installed', 'ready'],
      share: 1,
    });
  });

  test('what is written out of it is read back as the same', () => {
    const plan = readPlan(WHOLE);
    assert.deepEqual(readPlan(writePlan(plan)), plan);
    const standard = standardPlan(
      [cluster('pod1', 'kubespray', ['mgmt', 'dgx']), cluster('batch', 'slurm', ['dgx'])],
      ['ingress', 'dashboard', 'monitoring'],
    );
    assert.deepEqual(readPlan(writePlan(standard)), standard);
  });

  test('the plan of the guide leaves out what a site does not have', () => {
    const slurmAlone = standardPlan([cluster('batch', 'slurm', ['slurm-master', 'dgx'])], ['ingress']);
    assert.deepEqual(
      slurmAlone.steps.map(({ name }) => name),
      ['management', 'prepare', 'install', 'installed', 'joined', 'verify'],
    );
    assert.deepEqual(standardPlan([], []).steps, []);
  });

  test('all that is wrong is told, each with its line', () => {
    const text = `name: Pod 1
steps:
  - name: a
    confirm: x
    run: { cluster: pod1, action: deploy }
  - name: a
    after: [later]
    run: { cluster: pod1, action: explode }
  - name: later
    nodes: { share: 2, states: [happy] }
  - name: n
    colour: blue
    install: { names: "dgx[01-" }
  - name: o
    owner: { roles: [dgx], to: nobody }
  - name: s
    services: { cluster: pod1, services: [] }
  - name: nothing
    deadline: 3 hours
`;
    assert.throws(
      () => readPlan(text),
      (error: InvalidInput) => {
        const found = error.problems.map(({ path, line, message }) => `${line} ${path}: ${message}`).join('\n');
        for (const part of [
          '1 name: it does not fit',
          '3 steps[0]: it does run and confirm',
          '7 steps[1].after[0]: no step before it has the name later',
          '8 steps[1].run.action: it is none of those that there are',
          '10 steps[2].nodes.states[0]',
          '10 steps[2].nodes.share',
          '10 steps[2].nodes: it says of no node that it is meant',
          '12 steps[3].colour: this key is not known',
          '13 steps[3].install.names',
          '15 steps[4].owner.to',
          '17 steps[5].services.services: there is none',
          '18 steps[6]: it does nothing',
        ])
          assert.ok(found.includes(part), `${part}\n--\n${found}`);
        return true;
      },
    );
    assert.throws(() => readPlan(''), InvalidInput);
    assert.throws(() => readPlan('steps: {'), InvalidInput);
  });
});
