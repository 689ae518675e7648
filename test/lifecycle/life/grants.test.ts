import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { AccessDenied, Conflict, InvalidInput, NotFound } from '../../../src/domain/errors.ts';
import { TooManyRequests } from '../../../src/domain/install-ports.ts';
import type { NodeLife } from '../../../src/domain/node-life.ts';
import { VersionMismatch } from '../../../src/lifecycle/registry-port.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { settle } from '../../harness/clock.ts';
import { address, House, nodeNumber } from './house.ts';

const MINUTE = 60_000;

/** Armed, booted, and its answer file fetched. */
async function claimed(house: House, number = 1): Promise<string> {
  await house.arm(number);
  const token = (await house.boot(number)) as string;
  await house.answer(token, 'preseed.cfg', address(number));
  return token;
}

test('a whole installation: armed, claimed, started, finished, and the system answers from the disk', async () => {
  const house = await House.open();
  const grant = await house.arm();
  assert.deepEqual([grant.state, grant.profile, grant.armedBy, grant.attempt], ['armed', 'os', 'anna', 1]);
  await house.settled();
  assert.deepEqual([house.life().state, house.life().step], ['booting', 'waiting'], 'nothing here can power it');
  assert.match(house.of('effect.network-boot')[0]?.mend ?? '', /Power dgx01 on yourself/);

  const token = (await house.boot()) as string;
  assert.equal(house.life().step, 'seen');
  assert.match(token, /^[0-9a-f]{40}$/);
  assert.match((await house.answer(token)).text, /os for dgx01/);
  assert.deepEqual(
    [house.grant()?.state, house.grant()?.claim?.session, house.life().state],
    ['claimed', 1, 'installing'],
  );

  await house.tell(token, 'started');
  assert.deepEqual([house.grant()?.state, house.life().step], ['spent', 'started']);
  await house.tell(token, 'progress', 'partitioning');
  await house.tell(token, 'finished', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHostKeyHostKeyHostKey root@dgx01\n');
  assert.equal(house.life().step, 'finished');
  await house.tell(token, 'booted');
  assert.equal(house.life().state, 'installed');
  assert.deepEqual(house.life().hostKeys, ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHostKeyHostKeyHostKey']);
  await house.clock.advanceSettling(11 * MINUTE, MINUTE);
  await house.settled();
  assert.equal(house.life().state, 'ready', 'no runner took it over');
});

test('nothing that is stored and nothing that is told holds the token', async () => {
  const store = new MemoryStore();
  const house = await House.open({ store });
  const token = await claimed(house);
  await house.tell(token, 'log', `GET ${house.rendered.at(-1)?.baseUrl}preseed.cfg`);
  await assert.rejects(house.answer(token, 'preseed.cfg', address(2)), AccessDenied);
  const everything = JSON.stringify([store.batches, house.events]);
  assert.ok(!everything.includes(token));
  assert.ok(everything.includes(createHash('sha256').update(token).digest('hex')), 'its hash is stored');
});

test('the claim is on disk before the answer file is given', async () => {
  const store = new MemoryStore();
  const house = await House.open({ store });
  await house.arm();
  const token = (await house.boot()) as string;
  let isBlocked = true;
  const commit = store.commit.bind(store);
  const blocked: (() => void)[] = [];
  store.commit = async (batch) => {
    if (isBlocked) await new Promise<void>((resolve) => blocked.push(resolve));
    await commit(batch);
  };
  let given = false;
  const answer = house.answer(token).then(() => {
    given = true;
  });
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(given, false);
  assert.equal(house.grant()?.state, 'armed', 'memory shows nothing that is not on disk');
  isBlocked = false;
  for (const resolve of blocked) resolve();
  await answer;
  assert.equal(house.grant()?.state, 'claimed');
});

test('state, effects and what is told of them are one transaction: none is on disk without the others', async () => {
  const store = new MemoryStore();
  const house = await House.open({ store });
  await house.arm();
  const told = async () => (await store.events({ after: 0, limit: 100 })).entries.map(({ event }) => event.type);
  assert.deepEqual(await told(), ['grant.armed', 'life.state']);
  const [armed] = store.batches.filter((batch) => batch.length > 0);
  assert.deepEqual(
    armed?.map((change) => ('put' in change && change.put === 'document' ? change.kind : '')),
    ['life', 'grant'],
  );
  const life = armed?.find((change) => 'kind' in change && change.kind === 'life');
  assert.deepEqual((life as { document: NodeLife }).document.pending, ['network-boot']);
  store.commitWithEvents = () => Promise.reject(new Error('the disk is full'));
  await assert.rejects(house.book.armoury.revoke(house.node(), { by: 'bert' }), /the disk is full/);
  assert.equal(house.grant()?.state, 'armed');
  assert.deepEqual(house.of('grant.revoked'), [], 'nobody hears of what did not happen');
});

test('a claim that can’t be stored gives no answer file, and the grant stays armed', async () => {
  const store = new MemoryStore();
  const house = await House.open({ store });
  await house.arm();
  const token = (await house.boot()) as string;
  const commit = store.commit.bind(store);
  store.commit = () => Promise.reject(new Error('the disk is full'));
  await assert.rejects(house.answer(token), /the disk is full/);
  assert.equal(house.grant()?.state, 'armed');
  store.commit = commit;
  assert.match((await house.answer(token)).text, /os/);
});

test('the session that claimed may repeat every request and gets the same bytes', async () => {
  const house = await House.open();
  const token = await claimed(house);
  const first = await house.answer(token);
  for (let again = 0; again < 3; again += 1) assert.deepEqual(await house.answer(token), first);
  assert.match((await house.answer(token, 'callback.sh')).text, /callback|install/);
  assert.equal(house.book.desk.counters.claims, 1);
});

test('answer files that would have changed are not given to the session that has the first of them', async () => {
  const house = await House.open();
  const token = await claimed(house);
  const after = await house.restart();
  after.template = () => 'another profile';
  await assert.rejects(after.answer(token), /have changed/);
  assert.equal(after.of('install.answers-changed').length, 1);
});

test('after a restart the session that claimed gets the same bytes', async () => {
  const house = await House.open();
  const token = await claimed(house);
  const first = await house.answer(token);
  const after = await house.restart();
  assert.deepEqual(await after.answer(token), first);
  await after.tell(token, 'started');
  assert.equal(after.grant()?.state, 'spent');
});

test('after a restart between script and answer file the installer still gets it', async () => {
  const house = await House.open();
  await house.arm();
  const token = (await house.boot()) as string;
  const after = await house.restart();
  assert.match((await after.answer(token)).text, /os for dgx01/);
});

test('a new DISCOVER of the firmware ends the claim: no session gets an answer file any more', async () => {
  const house = await House.open();
  const token = await claimed(house);
  assert.equal(await house.boot(), undefined, 'the next boot is sent to its disk');
  assert.equal(house.grant()?.state, 'spent');
  await assert.rejects(house.answer(token), AccessDenied);
  const [alarm] = house.of('install.network-boot-again');
  assert.equal(alarm?.level, 'warn');
  assert.match(alarm?.text ?? '', /in the middle of its installation.*not installed again/);
  assert.equal(house.life().fault?.code, 'rebooted-while-installing');
});

test('a network boot after the installation raises an alarm and boots the disk, however often', async () => {
  const house = await House.open();
  const token = await claimed(house);
  await house.tell(token, 'started');
  await house.tell(token, 'finished');
  for (let boot = 1; boot <= 3; boot += 1) {
    assert.equal(await house.boot(), undefined);
    assert.equal(house.of('install.network-boot-again').length, boot);
  }
  assert.equal(house.life().fault, undefined, 'a boot order that begins with the network is no failure');
  await house.tell(token, 'booted');
  assert.equal(house.life().state, 'installed');
  assert.equal(await house.boot(), undefined);
});

test('a DISCOVER before the claim makes the ticket of the session before it worthless, and the grant stays', async () => {
  const house = await House.open();
  await house.arm();
  const early = (await house.boot()) as string;
  const late = (await house.boot()) as string;
  assert.notEqual(early, late);
  await assert.rejects(house.answer(early), AccessDenied);
  assert.equal(house.grant()?.state, 'armed');
  assert.match((await house.answer(late)).text, /os/);
});

test('a DISCOVER ends the ticket before it for good: in maintenance, without a script, and over a restart', async () => {
  const house = await House.open();
  await house.arm();
  const early = (await house.boot()) as string;
  await house.book.commands.command(house.node(), 'maintenance', { by: 'carl' });
  assert.equal(await house.boot(), undefined, 'it is left alone');
  const after = await house.restart();
  await assert.rejects(after.tell(early, 'started'), /the firmware has asked|boot session 1/);
  await after.book.commands.command(after.node(), 'leave-maintenance', { by: 'carl' });
  await assert.rejects(after.answer(early), /given to boot session 1; the firmware has asked for an address since/);
  assert.equal(after.grant()?.state, 'armed');
  assert.match((await after.answer((await after.boot()) as string)).text, /os for dgx01/);
});

for (const what of ['ticket', 'claim']) {
  test(`a DISCOVER ends a ${what} that is just on its way to the disk`, async () => {
    const store = new MemoryStore();
    const house = await House.open({ store });
    await house.arm();
    await house.discover();
    const early = what === 'claim' ? ((await house.script()) as string) : undefined;
    const commit = store.commit.bind(store);
    const disk = Promise.withResolvers<void>();
    store.commit = async (batch) => {
      await disk.promise;
      await commit(batch);
    };
    const underWay = early === undefined ? house.script() : house.answer(early).then(() => early);
    await settle();
    house.book.emit({ type: 'dhcp.offer', level: 'info', subject: { nodeId: 'n1' }, text: '', data: { stage: 'pxe' } });
    disk.resolve();
    const token = (await underWay) as string;
    await house.settled();
    const after = await house.restart();
    await assert.rejects(after.answer(token), AccessDenied);
  });
}

test('a machine that asks for an address again and again costs the disk one write', async () => {
  const store = new MemoryStore();
  const house = await House.open({ store });
  await house.arm();
  await house.boot();
  await house.discover();
  const before = store.batches.length;
  for (let again = 0; again < 5; again += 1) await house.discover();
  assert.equal(store.batches.length, before);
});

test('the iPXE that the firmware loaded goes on with its session, another one begins the next', async () => {
  const house = await House.open();
  await house.arm();
  await house.discover(1, 'pxe');
  await house.discover(1, 'ipxe');
  const token = (await house.script()) as string;
  await house.answer(token);
  assert.equal(house.grant()?.claim?.session, 1);
  await house.discover(1, 'ipxe');
  assert.equal(house.grant()?.state, 'spent');
});

test('an iPXE in the machine’s ROM is its firmware', async () => {
  const house = await House.open();
  await house.arm();
  await house.discover(1, 'ipxe');
  await house.answer((await house.script()) as string);
  await house.discover(1, 'ipxe');
  assert.equal(house.grant()?.state, 'spent');
  assert.equal(await house.script(), undefined);
});

test('an installer that asks for an address is no new session', async () => {
  const house = await House.open();
  const token = await claimed(house);
  await house.discover(1, 'os');
  assert.equal(house.grant()?.state, 'claimed');
  await house.answer(token);
});

test('an answer file is not given to another address, an unknown token, a spent, revoked or expired grant', async () => {
  const house = await House.open();
  const token = await claimed(house);
  const refusedOf = (code: string) => house.book.desk.counters[`refused.${code}`];

  await assert.rejects(house.answer(token, 'preseed.cfg', address(2)), AccessDenied);
  assert.equal(refusedOf('other-address'), 1);
  const told = house.of('install.refused').map(({ subject }) => subject.nodeId);
  assert.deepEqual(told, ['n1', 'n2'], 'in the timelines of both nodes');

  await assert.rejects(house.answer('f'.repeat(40)), AccessDenied);
  assert.equal(refusedOf('unknown-token'), 1);

  await house.tell(token, 'started');
  await assert.rejects(house.answer(token), AccessDenied);
  assert.equal(refusedOf('replayed'), 1);

  await house.arm(2);
  const second = (await house.boot(2)) as string;
  await house.book.armoury.revoke(house.node(2), { by: 'bert' });
  await assert.rejects(house.answer(second, 'preseed.cfg', address(2)), AccessDenied);
  assert.equal(refusedOf('ended'), 1);

  await house.arm(2);
  const third = (await house.boot(2)) as string;
  await house.clock.advanceSettling(25 * 60 * MINUTE, 60 * MINUTE);
  await assert.rejects(house.answer(third, 'preseed.cfg', address(2)), AccessDenied);
  assert.equal(house.grant(2)?.state, 'expired');
  assert.equal(house.book.desk.counters.refused, 5);
});

test('a name that is no answer file claims nothing, and is told in the timeline', async () => {
  const house = await House.open();
  await house.arm();
  const token = (await house.boot()) as string;
  await assert.rejects(house.answer(token, 'vendor-data'), NotFound);
  assert.equal(house.grant()?.state, 'armed');
  assert.deepEqual(
    house.of('install.no-such-file').map(({ text, data }) => [text, data?.file]),
    [['dgx01 asked for vendor-data, and os has no answer file of this name', 'vendor-data']],
  );
});

test('the time of a claim passes', async () => {
  const house = await House.open();
  const token = await claimed(house);
  await house.clock.advanceSettling(61 * MINUTE, MINUTE);
  await house.settled();
  assert.equal(house.grant()?.state, 'spent');
  await assert.rejects(house.answer(token), AccessDenied);
  await house.tell(token, 'started');
  assert.equal(house.life().step, 'started', 'an installer may still say how it gets on');
});

test('callbacks are taken of the holder alone, and not before an answer file was fetched', async () => {
  const house = await House.open();
  await house.arm();
  const token = (await house.boot()) as string;
  await assert.rejects(house.tell(token, 'finished'), AccessDenied);
  await assert.rejects(house.tell(token, 'booted'), AccessDenied);
  await assert.rejects(house.tell('0'.repeat(40), 'finished'), AccessDenied);
  await house.answer(token);
  await assert.rejects(house.tell(token, 'finished', '', address(2)), AccessDenied);
  assert.deepEqual([house.life().state, house.life().step], ['installing', 'claimed']);
  await house.tell(token, 'booted');
  await house.tell(token, 'booted');
  assert.equal(house.life().state, 'installed', 'said twice, as its answer may have been lost');
  await assert.rejects(house.tell(token, 'failed'), AccessDenied);
  await assert.rejects(house.tell(token, 'started'), AccessDenied);
});

test('a failure before the claim keeps the grant', async () => {
  const house = await House.open();
  await house.arm();
  const token = (await house.boot()) as string;
  await house.tell(token, 'failed', 'no network card');
  assert.deepEqual([house.grant()?.state, house.life().state], ['armed', 'booting']);
  assert.match(house.life().fault?.text ?? '', /no network card/);
  const again = (await house.boot()) as string;
  assert.equal(house.life().fault, undefined);
  await house.answer(again);
  assert.equal(house.life().state, 'installing');
});

test('a failure after the claim needs a new grant', async () => {
  const house = await House.open();
  const token = await claimed(house);
  await house.tell(token, 'started');
  await house.tell(token, 'failed', 'partman failed');
  assert.deepEqual([house.life().state, house.life().fault?.code], ['installing', 'installer-failed']);
  assert.equal(await house.boot(), undefined);
  await house.arm();
  assert.equal((await house.boot()) === undefined, false);
});

test('the operator’s retry policy arms it again, as often as it says', async () => {
  const house = await House.open({ lifecycle: { retries: 2 } });
  await house.arm();
  for (const attempt of [1, 2, 3]) {
    assert.equal(house.grant()?.attempt, attempt);
    const token = (await house.boot()) as string;
    await house.answer(token);
    await house.tell(token, 'failed', 'a mirror that flickers');
    await house.settled();
  }
  assert.deepEqual([house.grant()?.state, house.life().fault?.code], ['spent', 'installer-failed']);
  assert.equal(await house.boot(), undefined);
});

test('an installer that never asked for an answer file and says that it started has claimed the grant', async () => {
  const house = await House.open();
  await house.arm();
  const token = (await house.boot()) as string;
  await house.tell(token, 'started');
  assert.deepEqual([house.grant()?.state, house.life().step], ['spent', 'started']);
  await assert.rejects(house.answer(token), AccessDenied);
});

test('of two operators that arm the same node at the same time one wins, and the other is told who', async () => {
  const house = await House.open();
  const results = await Promise.allSettled([house.arm(1, 'os', 'anna'), house.arm(1, 'other', 'bert')]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
  const { reason } = results[1] as PromiseRejectedResult;
  assert.ok(reason instanceof Conflict);
  assert.match(reason.message, /dgx01 was armed for os by anna at 2026-01-01 00:00 UTC/);
  assert.match(reason.mend ?? '', /podboot revoke dgx01/);
  assert.equal(house.of('grant.armed').length, 1);
});

test('arming twice by the same for the same is one grant', async () => {
  const house = await House.open();
  const [one, other] = await Promise.all([house.arm(), house.arm()]);
  assert.equal(one.id, other.id);
});

test('who means what he has read arms and revokes nothing that has gone on meanwhile', async () => {
  const house = await House.open();
  const { armoury } = house.book;
  const read = house.life().version;
  await house.book.commands.command(house.node(), 'ready', { by: 'bert', reason: 'in use' });
  const request = { profile: 'os', by: 'anna', explicit: true, reason: 'reinstall, ticket 4711' };
  await assert.rejects(armoury.arm(house.node(), { ...request, expectedVersion: read }), VersionMismatch);
  assert.deepEqual([house.grant(), house.life().state], [undefined, 'ready']);
  await armoury.arm(house.node(), { ...request, expectedVersion: house.life().version });
  assert.match(house.of('grant.armed')[0]?.text ?? '', /by anna, until .*: reinstall, ticket 4711$/);
  await assert.rejects(armoury.revoke(house.node(), { by: 'bert', expectedVersion: read }), VersionMismatch);
  assert.equal(house.grant()?.state, 'armed');
});

test('what can’t be installed is refused before anything is done', async () => {
  const house = await House.open();
  await assert.rejects(house.arm(1, 'nothing'), InvalidInput);
  await assert.rejects(house.arm(1, 'wrong'), /it has no kernel/);
  await assert.rejects(house.arm(1, 'rescue'), /needs no grant/);
  house.template = () => {
    throw new InvalidInput('a value is missing', [
      { path: 'preseed.cfg.liquid', line: 12, message: 'timeZone is not there' },
    ]);
  };
  await assert.rejects(house.arm(), /preseed.cfg.liquid:12: timeZone is not there/);
  assert.deepEqual([house.life().state, house.grant()], ['enrolled', undefined]);
});

test('a node that is being installed is not armed until somebody gives that up', async () => {
  const house = await House.open();
  const token = await claimed(house);
  await assert.rejects(house.arm(1, 'other', 'bert'), /is being installed/);
  await house.book.armoury.revoke(house.node(), { by: 'bert' });
  assert.deepEqual([house.grant()?.state, house.life().fault?.code], ['spent', 'given-up']);
  await assert.rejects(house.answer(token), AccessDenied);
  await house.arm(1, 'other', 'bert');
});

test('a node in maintenance is left alone by everything but a named person’s command', async () => {
  const house = await House.open();
  await house.book.commands.command(house.node(), 'maintenance', { by: 'anna', reason: 'DIMM swap' });
  await assert.rejects(house.arm(1, 'os', 'rule new', false), /in maintenance: DIMM swap \(anna\)/);
  await house.arm(1, 'os', 'bert', true);
  await house.settled();
  assert.equal(house.life().state, 'booting');
});

test('a grant sleeps while its node is in maintenance', async () => {
  const house = await House.open();
  await house.arm();
  const token = (await house.boot()) as string;
  await house.book.commands.command(house.node(), 'maintenance', { by: 'anna' });
  assert.equal(await house.script(), undefined);
  await assert.rejects(house.answer(token), AccessDenied);
  await house.book.commands.command(house.node(), 'leave-maintenance', { by: 'anna' });
  await house.settled();
  assert.equal(house.life().state, 'booting');
  assert.equal((await house.boot()) === undefined, false);
});

test('what an installer tells in maintenance is not answered and forgotten', async () => {
  const house = await House.open();
  const token = await claimed(house);
  await house.tell(token, 'started');
  await house.book.commands.command(house.node(), 'maintenance', { by: 'anna' });
  await house.tell(token, 'finished', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHostKeyHostKeyHostKey root@dgx01\n');
  const after = await house.restart();
  await after.book.commands.command(after.node(), 'leave-maintenance', { by: 'anna' });
  await after.settled();
  assert.deepEqual(
    [after.life().state, after.life().step, after.life().hostKeys?.length],
    ['installing', 'finished', 1],
  );
  assert.equal(after.of('effect.disk-first').length, 1);
});

test('a retired node loses its grant and boots nothing, until it is reinstated', async () => {
  const house = await House.open();
  await house.arm();
  await house.book.commands.command(house.node(), 'retire', { by: 'anna', reason: 'sold' });
  assert.deepEqual([house.grant()?.state, house.book.standing('n1').kind], ['revoked', 'retired']);
  await assert.rejects(house.arm(), Conflict);
  await assert.rejects(house.book.commands.command(house.node(), 'maintenance', { by: 'anna' }), Conflict);
  await house.book.commands.command(house.node(), 'reinstate', { by: 'anna' });
  assert.deepEqual([house.life().state, house.book.standing('n1').kind], ['enrolled', 'none']);
});

test('a rule arms a node when it is enrolled, and never a second time', async () => {
  const rules = [{ name: 'new-dgx', profile: 'os', roles: ['gpu'], racks: [], groups: [] }];
  const house = await House.open({ nodes: [nodeNumber(1, { roles: ['gpu'] }), nodeNumber(2)], lifecycle: { rules } });
  for (const number of [1, 2]) {
    house.book.emit({ type: 'node.enrolled', level: 'info', subject: { nodeId: `n${number}` }, text: 'enrolled' });
  }
  await house.settled();
  assert.deepEqual([house.grant(1)?.armedBy, house.grant(2)], ['rule new-dgx', undefined]);
  await house.book.armoury.revoke(house.node(), { by: 'anna' });
  house.book.emit({ type: 'node.enrolled', level: 'info', subject: { nodeId: 'n1' }, text: 'enrolled' });
  await house.settled();
  assert.equal(house.grant()?.state, 'revoked');
});

test('hardware that is replaced takes its grant with it', async () => {
  const house = await House.open();
  await house.arm();
  const token = (await house.boot()) as string;
  const { changes, committed } = house.book.dropped('n1', 'its board was replaced');
  await house.store.commit(changes);
  committed?.();
  await house.settled();
  assert.deepEqual([house.grant()?.state, house.life().state], ['revoked', 'enrolled']);
  await assert.rejects(house.answer(token), AccessDenied);
});

test('hardware that is replaced takes a grant with it that is just on its way to the disk', async () => {
  const store = new MemoryStore();
  const house = await House.open({ store });
  const commit = store.commitWithEvents.bind(store);
  const disk = Promise.withResolvers<void>();
  store.commitWithEvents = async (...written) => {
    await disk.promise;
    return await commit(...written);
  };
  const arming = house.arm();
  await settle();
  const { changes, committed } = house.book.dropped('n1', 'its board was replaced');
  assert.deepEqual(changes, []);
  committed?.();
  disk.resolve();
  await arming;
  await house.settled();
  assert.deepEqual([house.grant()?.state, house.life().state], ['revoked', 'enrolled']);
  assert.equal((await house.restart()).book.standing('n1').kind, 'none');
});

test('a removed node leaves nothing behind, also where the crash came between', async () => {
  const house = await House.open();
  await house.arm();
  house.nodes.nodes = [nodeNumber(2)];
  const after = await house.restart();
  assert.deepEqual((await after.store.load()).documents, {});
});

test('who guesses tokens is cut off', async () => {
  const house = await House.open();
  const guess = () => house.answer('a'.repeat(40), 'preseed.cfg', address(99)).catch((error: unknown) => error);
  const answers: unknown[] = [];
  for (let number = 0; number < 60; number += 1) answers.push(await guess());
  assert.ok(answers.filter((each) => each instanceof AccessDenied).length <= 20);
  assert.ok(answers.at(-1) instanceof TooManyRequests);
});

test('a flood of log lines is bounded', async () => {
  const house = await House.open();
  const token = await claimed(house);
  for (let number = 0; number < 50; number += 1) await house.tell(token, 'log', 'line\n'.repeat(100));
  assert.ok(house.of('installer.log').length <= 61, `${house.of('installer.log').length}`);
});

test('an escape sequence of an installer’s log reaches no terminal', async () => {
  const house = await House.open();
  const token = await claimed(house);
  await house.tell(token, 'log', '\u001b[31mred\u001b[0m\u0007\r\nnext');
  const lines = house.of('installer.log').map(({ text }) => text);
  assert.deepEqual(lines, ['dgx01: red', 'dgx01: next']);
});

test('a bulk command that is repeated does not arm who was installed a minute ago and is on its way to its disk', async () => {
  const house = await House.open();
  const token = await claimed(house);
  await house.tell(token, 'started');
  await house.tell(token, 'finished');
  await assert.rejects(house.arm(1, 'os', 'anna', false), { message: /has just been installed/ });
  assert.equal(house.grant()?.state, 'spent');
  assert.equal((await house.arm(1, 'os', 'anna', true)).state, 'armed', 'by its name it may be meant');
});
