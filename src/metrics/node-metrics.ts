import { NODE_STATES } from '../domain/node-life.ts';
import { below, buckets, counter, each, gauge, histogram, label, type Metric, named, one } from './metric.ts';

/** Nodes, their boots and installations, their BMCs. */
export const NODE_METRICS: readonly Metric[] = [
  gauge(
    'nodes',
    'Nodes by the state of their life.',
    ({ nodeStates }) => {
      const states = nodeStates();
      return each(
        'state',
        NODE_STATES.map((state) => [state, states.get(state) ?? 0] as const),
      );
    },
    label('state', NODE_STATES.map((state) => `\`${state}\``).join(', ')),
  ),
  gauge(
    'node_faults',
    'Nodes that have a fault now, by its code.',
    ({ nodeFaults }) => each('fault', nodeFaults()),
    label('fault', 'of docs/lifecycle.md: `no-discover`, `installer-silent`, …'),
  ),
  histogram(
    'boot_stage_seconds',
    "Boots of nodes: from the firmware's first DISCOVER until a stage was reached.",
    function* ({ bootStages }) {
      for (const [stage, seconds] of bootStages()) yield* buckets('boot_stage_seconds', seconds, { stage });
    },
    label(
      'stage',
      '`program` (iPXE asks for its address), `script` (its boot script was sent), `kernel` (its last byte was), ' +
        '`disk` (it was sent to its disk), `answers` (its installer has its answer file), `installed` (the system answers from the disk)',
    ),
  ),
  counter(
    'installations',
    'Installations that ended.',
    ({ installations }) => each('outcome', installations()),
    label('outcome', '`installed`, `failed`'),
  ),
  counter(
    'install_requests',
    'What installers asked for.',
    ({ install }) =>
      each(
        'kind',
        named(install(), {
          ticket: 'tickets',
          claim: 'claims',
          'answer-file': 'answers',
          callback: 'callbacks',
          refused: 'refused',
        }),
      ),
    label('kind', '`ticket` (a script that may install), `claim`, `answer-file`, `callback`, `refused`'),
  ),
  counter(
    'install_refusals',
    'Requests of installers that were refused.',
    ({ install }) => each('reason', below('refused.', install())),
    label('reason', '`other-address`, `spent`, …'),
  ),
  counter(
    'bmc_operations',
    'Uses of BMCs by how they ended.',
    ({ bmcs }) => each('outcome', bmcs().outcomes),
    label(
      'outcome',
      '`ok`, `unreachable`, `credentials`, `privilege`, `busy`, `not-trusted`, `refused`, `no-answer`, `fault`',
    ),
  ),
  histogram('bmc_operation_seconds', 'What a use of a BMC took, from its turn to its end.', ({ bmcs }) =>
    buckets('bmc_operation_seconds', bmcs().seconds),
  ),
  gauge(
    'bmc_operations_active',
    'Uses of BMCs under way, those included that wait for one that is silent.',
    ({ power }) => {
      const { active = 0, silent = 0 } = power();
      return one(active + silent);
    },
  ),
  gauge('power_jobs', 'Jobs that are kept, whether they are over or not.', ({ power }) => one(power().jobs)),
  gauge(
    'consoles',
    'Serial consoles that are open.',
    ({ consoles }) => each('state', named(consoles(), { open: 'consoles', recorded: 'recorded' })),
    label('state', '`open`, `recorded`'),
  ),
  gauge('discovered_machines', 'Machines that ask and are no nodes.', ({ discovery }) => one(discovery().machines)),
];
