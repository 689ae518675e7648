import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PodbootError } from '../../../src/domain/errors.ts';
import { CALLBACK_KINDS, type CallbackKind, TooManyRequests } from '../../../src/domain/install-ports.ts';
import { NODE_COMMANDS, type NodeCommand } from '../../../src/lifecycle/node-commands.ts';
import { address, House } from './house.ts';

const MINUTE = 60_000;
/** States that may last; every other one has a deadline. */
export const UNTIMED: ReadonlySet<string> = new Set(['enrolled', 'ready', 'maintenance', 'retired']);

type Step =
  | { readonly do: 'arm' | 'revoke' | 'boot' | 'rom' | 'restart' }
  | { readonly do: 'answer'; readonly token: number; readonly from: number }
  | { readonly do: 'tell'; readonly token: number; readonly from: number; readonly kind: CallbackKind }
  | { readonly do: 'command'; readonly command: NodeCommand }
  | { readonly do: 'wait'; readonly minutes: number };

/** The newest mostly: what is older is refused, which one in three tries is enough for. */
const token = fc.constantFrom(0, 0, 0, 0, 1, 2);
const from = fc.constantFrom(1, 1, 1, 2);

/** Weighed so that one order in seven gets as far as an answer file. */
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Step>({ do: 'arm' }) },
  { weight: 4, arbitrary: fc.constant<Step>({ do: 'boot' }) },
  { weight: 3, arbitrary: fc.constantFrom<Step[]>({ do: 'rom' }, { do: 'revoke' }, { do: 'restart' }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('answer'), token, from }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('tell'), token, from, kind: fc.constantFrom(...CALLBACK_KINDS) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('command'), command: fc.constantFrom(...NODE_COMMANDS) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait'), minutes: fc.constantFrom(1, 20, 61, 1_500) }) },
);

/** What was given out, seen from outside. */
class Ledger {
  /** Tokens in the order in which boot scripts showed them, with the grant and the session that they were for. */
  readonly tokens: { readonly token: string; readonly grant: string; readonly session: number }[] = [];
  readonly armed = new Set<string>();
  /** Which session got answer files by a grant. */
  readonly served = new Map<string, number>();
  session = 0;
}

async function take(house: House, ledger: Ledger, next: Step): Promise<House> {
  switch (next.do) {
    case 'arm':
      ledger.armed.add((await house.arm()).id);
      return house;
    case 'revoke':
      await house.book.armoury.revoke(house.node(), { by: 'bert' });
      return house;
    case 'restart':
      return await house.restart();
    case 'boot':
    case 'rom': {
      ledger.session += 1;
      await house.discover(1, next.do === 'rom' ? 'ipxe' : 'pxe');
      const token = await house.script();
      const grant = house.grant();
      if (token !== undefined && grant !== undefined)
        ledger.tokens.push({ token, grant: grant.id, session: ledger.session });
      return house;
    }
    case 'answer': {
      const shown = ledger.tokens.at(-1 - next.token);
      if (shown === undefined) return house;
      await house.answer(shown.token, 'preseed.cfg', address(next.from));
      assert.equal(next.from, 1, 'nobody else gets an answer file');
      assert.ok(ledger.armed.has(shown.grant), 'nothing is given without a grant');
      const before = ledger.served.get(shown.grant);
      assert.ok(before === undefined || before === shown.session, 'one session, and no other');
      assert.equal(shown.session, ledger.session, 'no boot that is over gets anything');
      ledger.served.set(shown.grant, shown.session);
      return house;
    }
    case 'tell': {
      const shown = ledger.tokens.at(-1 - next.token);
      if (shown !== undefined) await house.tell(shown.token, next.kind, 'text', address(next.from));
      return house;
    }
    case 'command':
      await house.book.commands.command(house.node(), next.command, { by: 'carl' });
      return house;
    case 'wait':
      house.clock.advance(next.minutes * MINUTE);
      return house;
  }
}

/** Orders that were wrong once. */
const EXAMPLES: readonly (readonly Step[])[] = [
  [
    { do: 'arm' },
    { do: 'boot' },
    { do: 'command', command: 'maintenance' },
    { do: 'boot' },
    { do: 'restart' },
    { do: 'tell', token: 0, from: 1, kind: 'started' },
    { do: 'answer', token: 0, from: 1 },
    { do: 'command', command: 'leave-maintenance' },
    { do: 'answer', token: 0, from: 1 },
  ],
  [{ do: 'arm' }, { do: 'boot' }, { do: 'rom' }, { do: 'restart' }, { do: 'answer', token: 1, from: 1 }],
];

/** The timeline that is on disk ends where the life is. */
async function isTold(house: House): Promise<void> {
  const { state, step } = house.life();
  const { entries } = await house.store.events({ after: 0, limit: 1_000, type: 'life.' });
  const last = entries.at(-1)?.event.data;
  assert.deepEqual([last?.state ?? 'enrolled', last?.step], [state, step]);
}

/** Takes the steps one after another, looking at everything after each. @returns how many grants were given answer files by */
async function takeAll(steps: readonly Step[]): Promise<number> {
  let house = await House.open();
  const ledger = new Ledger();
  for (const next of steps) {
    try {
      house = await take(house, ledger, next);
    } catch (error) {
      // What makes no sense is refused, and changes nothing.
      if (!(error instanceof PodbootError || error instanceof TooManyRequests)) throw error;
    }
    await house.book.settled();
    const life = house.life();
    assert.equal(life.deadlineAt === null, UNTIMED.has(life.state), life.state);
    const grant = house.grant();
    if (house.book.standing('n1').kind === 'armed') assert.ok(grant !== undefined && !ledger.served.has(grant.id));
    if (life.state === 'installing' || life.state === 'installed') {
      assert.ok(house.book.grantsOf('n1').some(({ claim }) => claim !== undefined));
    }
  }
  assert.deepEqual(house.of('life.not-stored'), []);
  await isTold(house);
  await house.book.stop();
  return ledger.served.size;
}

/** @returns how many installations were tried. @throws with the seed and the shortest order that is wrong */
export async function tryOrders(seed: number, numRuns: number): Promise<number> {
  let installs = 0;
  const property = fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), async (steps) => {
    installs += await takeAll(steps);
  });
  await fc.assert(property, { seed, numRuns, examples: EXAMPLES.map((steps) => [[...steps]]) });
  return installs;
}
