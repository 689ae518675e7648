import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExplainQuestion } from '../../src/domain/explanation.ts';
import { ApiFixture } from './api-fixture.ts';

const EXPLANATION = {
  firmware: 'bios',
  machine: { mac: '52:54:00:77:00:01' },
  interfaceName: 'eno2',
  steps: [],
  summary: 'boots from its disk',
} as const;

function fixture(): { api: ApiFixture; asked: ExplainQuestion[] } {
  const api = new ApiFixture();
  const asked: ExplainQuestion[] = [];
  api.explain = async (question) => {
    asked.push(question);
    return EXPLANATION;
  };
  return { api, asked };
}

test('a node is explained by name or by the MAC address of one of its interfaces, any machine by its own', async () => {
  const { api, asked } = fixture();
  const enrolled = await api.call('POST', '/nodes', {
    name: 'dgx01',
    interfaces: [{ name: 'eno1', mac: '52:54:00:77:00:01' }],
  });
  const { id } = enrolled.json() as { id: string };
  const answer = await api.call('GET', '/nodes/dgx01/explain?firmware=bios&interface=eno2&relay=10.78.0.1');
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(answer.json(), EXPLANATION);
  await api.call('GET', '/nodes/52-54-00-77-00-01/explain');
  await api.call('GET', '/explain?machine=52:54:00:99:00:01&firmware=http');
  assert.deepEqual(asked, [
    { machine: id, firmware: 'bios', interfaceName: 'eno2', relay: '10.78.0.1' },
    { machine: '52-54-00-77-00-01' },
    { machine: '52:54:00:99:00:01', firmware: 'http' },
  ]);
});

test('a node that is not there and a firmware that is none are refused before anything is asked', async () => {
  const { api, asked } = fixture();
  assert.equal((await api.call('GET', '/nodes/dgx99/explain')).statusCode, 404);
  const refused = await api.call('GET', '/explain?machine=52:54:00:99:00:01&firmware=amiga');
  assert.equal(refused.statusCode, 422);
  assert.match(refused.body, /uefi-x64/);
  assert.equal((await api.call('GET', '/explain')).statusCode, 422);
  assert.deepEqual(asked, []);
});
