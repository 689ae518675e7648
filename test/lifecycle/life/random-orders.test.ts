import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PodbootError } from '../../../src/domain/errors.ts';
import { CALLBACK_KINDS, type CallbackKind, TooManyRequests } from '../../../src/domain/install-ports.ts';
import { LIFE_EVENTS } from '../../../src/lifecycle/life-events.ts';
import { NODE_COMMANDS, type NodeCommand } from '../../../src/lifecycle/node-commands.ts';
import { newLife, transition } from '../../../src/lifecycle/transition.ts';
import { DEADLINES } from '../../harness/lifecycle-settings.ts';
import { address, House } from './house.ts';

const RUNS = 100_000;
/** A machine that is busy with other tests gets as far as it gets. */
const LIMIT_MS = 60_000;
const MINUTE = 60_000;
const UNTIMED = new Set(['enrolled', 'ready', 'maintenance', 'retired']);

const eventOrder = fc.array(
  fc.record({
    kind: fc.constantFrom(...LIFE_EVENTS),
    afterMs: fc.integer({ min: 0, max: 10_000_000 }),
    armed: fc.boolean(),
    switchesOff: fc.boolean(),
  }),
  { maxLength: 25 },
);

test('whatever happens in whatever order, a node is in a state with a deadline, or in one that may last', () => {
  const property = fc.property(eventOrder, (order) => {
    let life = newLife({ id: 'n1', createdAt: 0 });
    let at = 0;
    for (const { kind, afterMs, armed, switchesOff } of order) {
      at += afterMs;
      const { next, effects } = transition(
        life,
        { kind, at, armed, switchesOff, fault: { code: 'x', text: 'x' } },
        DEADLINES,
      );
      assert.equal(next === life || next.version === life.version + 1, true);
      assert.equal(next.deadlineAt === null, UNTIMED.has(next.state), `${next.state} after ${kind}`);
      for (const effect of effects) assert.ok(next.pending?.includes(effect), 'an effect is kept until it is done');
      if (next.state === 'maintenance' || next.state === 'retired') assert.equal(next.pending, undefined);
      if (effects.includes('network-boot')) assert.ok(kind === 'armed' || kind === 'maintenance-left' || armed, kind);
      life = next;
    }
  });
  fc.assert(property, { numRuns: RUNS, interruptAfterTimeLimit: LIMIT_MS, markInterruptAsFailure: false });
});

type Step =
  | { readonly do: 'arm' | 'revoke' | 'boot' | 'rom' | 'restart' }
  | { readonly do: 'answer'; readonly token: number; readonly from: number }
  | { readonly do: 'tell'; readonly token: number; readonly from: number; readonly kind: CallbackKind }
  | { readonly do: 'command'; readonly command: NodeCommand }
  | { readonly do: 'wait'; readonly minutes: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('arm', 'boot', 'rom', 'revoke', 'restart') as fc.Arbitrary<'arm'> }),
  fc.record({ do: fc.constant('boot' as const) }),
  fc.record({ do: fc.constant('answer' as const), token: fc.nat(5), from: fc.constantFrom(1, 1, 1, 2) }),
  fc.record({
    do: fc.constant('tell' as const),
    token: fc.nat(5),
    from: fc.constantFrom(1, 1, 1, 2),
    kind: fc.constantFrom(...CALLBACK_KINDS),
  }),
  fc.record({ do: fc.constant('command' as const), command: fc.constantFrom(...NODE_COMMANDS) }),
  fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 20, 61, 1_500) }),
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
      await house.book.armoury.revoke(house.node(), 'bert');
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

test('whatever machines, installers and people do, nothing is installed without a grant, and by each grant one session', async () => {
  let installs = 0;
  const property = fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), async (steps) => {
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
    installs += ledger.served.size;
    assert.deepEqual(house.of('life.not-stored'), []);
    await house.book.stop();
  });
  await fc.assert(property, { numRuns: RUNS, interruptAfterTimeLimit: LIMIT_MS, markInterruptAsFailure: false });
  assert.ok(installs > 100, `only ${installs} installations were tried`);
});
