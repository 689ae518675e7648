import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfig } from '../../src/config/load.ts';
import { type Mistake, RIGHT, testMistake } from './mistakes.ts';

const RULE = `{ name: new-dgx, match: { vendor: NVIDIA, circuitId: "text:Eth1/{port}", remoteId: "text:leaf-{rack}" }, adopt: { namePattern: "dgx{port:2}", rack: "R{rack}", roles: [gpu], group: pdus, profile: rescue, labels: { switch-port: "{port}" } } }`;

/** The whole right configuration with this rule in place of the right one. */
function withRule(rule: string, more = ''): string {
  return `${RIGHT}discovery:\n  rules:\n    - ${rule}\n${more}`;
}

function changed(from: string, to: string): string {
  assert.ok(RULE.includes(from), from);
  return withRule(RULE.replace(from, () => to));
}

test('a rule is read with its patterns and what is made of it', () => {
  const { problems, warnings, settings } = checkConfig(withRule(RULE));
  assert.deepEqual([problems, warnings], [[], []]);
  assert.deepEqual(settings?.discovery, {
    identify: 'when-needed',
    rules: [
      {
        name: 'new-dgx',
        match: { vendor: 'NVIDIA', circuitId: 'text:Eth1/{port}', remoteId: 'text:leaf-{rack}' },
        adopt: {
          namePattern: 'dgx{port:2}',
          interfaceName: 'boot',
          rack: 'R{rack}',
          roles: ['gpu'],
          group: 'pdus',
          profile: 'rescue',
          labels: { 'switch-port': '{port}' },
        },
        automatic: false,
      },
    ],
  });
});

test('without the section, strangers are asked when needed and no rule is there', () => {
  assert.deepEqual(checkConfig(RIGHT).settings?.discovery, { identify: 'when-needed', rules: [] });
});

test('bytes of a switch port are read in any notation of hex', () => {
  const { settings } = checkConfig(changed('"text:Eth1/{port}"', '"00:04:00:0A:01:*"').replace('{port}"', '{port}"'));
  assert.equal(settings?.discovery?.rules[0]?.match.circuitId, '0004000a01*');
});

const MISTAKES: readonly Mistake[] = [
  {
    name: 'a rule that fits everything',
    edit: withRule('{ name: all, match: {}, adopt: { namePattern: "n{n}" } }'),
    path: 'discovery.rules[0].match',
    at: 'name: all',
    message: 'it fits every machine that asks',
    mend: /at least one thing/,
  },
  {
    name: 'a word that nothing tells',
    edit: changed('R{rack}', 'R{rak}'),
    path: 'discovery.rules[0].adopt.rack',
    at: 'new-dgx',
    message: 'nothing tells {rak}',
    mend: 'Did you mean `rack`?',
  },
  {
    name: 'a counter where nothing is counted',
    edit: changed('R{rack}', 'R{n}'),
    path: 'discovery.rules[0].adopt.rack',
    at: 'new-dgx',
    message: 'nothing tells {n}',
  },
  {
    name: 'one name for every machine',
    edit: changed('dgx{port:2}', 'dgx01'),
    path: 'discovery.rules[0].adopt.namePattern',
    at: 'new-dgx',
    message: 'every machine would get the same name',
    mend: /dgx01\{n:2\}/,
  },
  {
    name: 'a name that is no host name',
    edit: changed('dgx{port:2}', 'dgx_{port:2}'),
    path: 'discovery.rules[0].adopt.namePattern',
    at: 'new-dgx',
    message: /letters, digits and hyphens/,
  },
  {
    name: 'a brace that is never closed',
    edit: changed('text:Eth1/{port}', 'text:Eth1/{port'),
    path: 'discovery.rules[0].match.circuitId',
    at: 'new-dgx',
    message: /a brace has no partner/,
  },
  {
    name: 'a switch port as text without its mark',
    edit: changed('text:Eth1/{port}', 'Eth1/7'),
    path: 'discovery.rules[0].match.circuitId',
    at: 'new-dgx',
    message: /it is not hex/,
    mend: 'Write text:Eth1/7 if the switch sends it as text.',
  },
  {
    name: 'a whole MAC address as OUI',
    edit: changed('vendor: NVIDIA', 'oui: "b8:3f:d2:00:00:01"'),
    path: 'discovery.rules[0].match.oui',
    at: 'new-dgx',
    message: /more than three bytes/,
    mend: /mac with a pattern/,
  },
  {
    name: 'a group that is not there',
    edit: changed('group: pdus', 'group: dgx'),
    path: 'discovery.rules[0].adopt.group',
    at: 'new-dgx',
    message: 'there is no group dgx',
  },
  {
    name: 'a profile that is not there',
    edit: changed('profile: rescue', 'profile: rescu'),
    path: 'discovery.rules[0].adopt.profile',
    at: 'new-dgx',
    message: 'there is no profile rescu',
    mend: 'Did you mean `rescue`?',
  },
  {
    name: 'two rules of one name',
    edit: withRule(RULE, `    - { name: new-dgx, match: { vendor: Dell }, adopt: { namePattern: "r{n}" } }\n`),
    path: 'discovery.rules[1].name',
    at: 'vendor: Dell',
    message: 'another rule is called new-dgx',
  },
  {
    name: 'a key of another language',
    edit: changed('vendor: NVIDIA', 'vendr: NVIDIA'),
    path: 'discovery.rules[0].match.vendr',
    at: 'new-dgx',
    message: 'there is no such key here',
    mend: /vendor/,
  },
  {
    name: 'an identification that is neither',
    edit: `${RIGHT}discovery: { identify: always }\n`,
    path: 'discovery.identify',
    at: 'identify',
    message: /when-needed/,
  },
  {
    name: 'strangers that a rule of install would arm',
    edit: withRule(RULE, 'install: { rules: [{ name: arm-gpus, roles: [gpu], profile: rescue }] }\n'),
    path: 'discovery.rules[0].adopt',
    at: 'new-dgx',
    message: 'what this rule adopts would be armed with rescue by the rule arm-gpus of install',
  },
  {
    name: 'an automatic rule that anybody can satisfy',
    edit: withRule('{ name: auto, match: { vendor: NVIDIA }, adopt: { namePattern: "n{mac}" }, automatic: true }'),
    path: 'discovery.rules[0].automatic',
    at: 'name: auto',
    message: /whoever is on the network/,
    mend: /circuitId/,
    severity: 'warning',
  },
];

for (const mistake of MISTAKES) testMistake(mistake);
