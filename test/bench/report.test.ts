import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Comparison } from './cases.ts';
import { type BenchRecord, judge, renderReport, standing } from './report.ts';

const ours = { label: 'podboot', start: '' };
const peer = { label: 'peer', start: '' };
const faster: Comparison = {
  ...{ title: 'TFTP', measure: 'tftp-4', figure: 'MBps', unit: 'MB/s', better: 'more' },
  ...{ goal: { ratio: 1 }, ours, peers: [peer] },
};
const records = (...values: number[]): BenchRecord[] =>
  values.map((MBps) => ({ label: '', v: { MBps, fail: 0, sut_cpu_s: 1 } }));

test('a figure is the median of its runs, with the lowest and the highest beside it', () => {
  const { median, lowest, highest } = standing(ours, 'MBps', records(300, 100, 200));
  assert.deepEqual([median, lowest, highest], [200, 100, 300]);
});

test('a goal is against the best peer, not the average one', () => {
  const peers = [standing(peer, 'MBps', records(100)), standing(peer, 'MBps', records(400))];
  const outcome = judge(faster, standing(ours, 'MBps', records(300)), peers);
  assert.equal(outcome.ratio, 0.75);
  assert.equal(outcome.met, false);
});

test('for seconds and memory less is better', () => {
  const slower: Comparison = { ...faster, better: 'less', unit: 's' };
  const peers = [standing(peer, 'MBps', records(10)), standing(peer, 'MBps', records(20))];
  assert.equal(judge(slower, standing(ours, 'MBps', records(9)), peers).met, true);
  assert.equal(judge(slower, standing(ours, 'MBps', records(11)), peers).met, false);
});

test('a rate with failed transfers meets no goal', () => {
  const failing = [{ label: '', v: { MBps: 900, fail: 1 } }];
  assert.equal(judge(faster, standing(ours, 'MBps', failing), [standing(peer, 'MBps', records(400))]).met, false);
});

test('a peer that did not run is told as such and never flatters the ratio', () => {
  const outcome = judge(faster, standing(ours, 'MBps', records(300)), [standing(peer, 'MBps', [])]);
  assert.equal(outcome.ratio, undefined);
  assert.equal(outcome.met, false);
  assert.match(renderReport([outcome], 'a machine', 3), /\| peer \| did not run \|/);
});
