import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explanationText } from '../../src/cli/explain.ts';
import type { ExplainedStep, Explanation } from '../../src/domain/explanation.ts';

const FILE = '/etc/podboot/podboot.yaml';

function dhcpStep(title: string, type: string, routers = '10.77.0.1'): ExplainedStep {
  return {
    title,
    request: '0101060070646274',
    outcome: 'answered',
    because: [
      { text: 'it is dgx01’s interface eno1', origin: { in: 'node', node: 'dgx01', field: 'interfaces.eno1' } },
    ],
    dhcp: {
      bytes: `${'02010600'.repeat(4)}ff`,
      destination: '10.77.0.50 port 68',
      fields: { yiaddr: '10.77.0.50', siaddr: '0.0.0.0', giaddr: '0.0.0.0', file: '' },
      options: [
        { code: 53, name: 'messageType', value: type, hex: '02', origin: { in: 'rule', rule: 'RFC 2131 table 3' } },
        {
          code: 3,
          name: 'routers',
          value: routers,
          hex: '0a4d0001',
          origin: {
            in: 'configuration',
            path: ['subnets', '10.77.0.0/24', 'options', 'routers'],
            file: FILE,
            line: 24,
          },
        },
        {
          code: 58,
          name: 'renewalTime',
          value: '1800',
          hex: '00000708',
          origin: { in: 'configuration', path: ['subnets', '10.77.0.0/24', 'renewTime'] },
        },
      ],
    },
  };
}

function explanation(...steps: ExplainedStep[]): Explanation {
  return {
    firmware: 'uefi-x64',
    machine: { mac: '52:54:00:77:00:01', node: 'dgx01' },
    interfaceName: 'eno2',
    steps,
    summary: 'boots from its disk',
  };
}

test('the file is named once, and each option says its line in it or that it goes by default', () => {
  const text = explanationText(explanation(dhcpStep('iPXE asks', 'DHCPOFFER')), false);
  assert.match(
    text,
    /^dgx01 \(52:54:00:77:00:01\) with uefi-x64 firmware, on eno2; by \/etc\/podboot\/podboot\.yaml\n/,
  );
  assert.equal(text.split(FILE).length, 2);
  assert.match(text, /^ {3}3 +routers +10\.77\.0\.1 +line 24: subnets\.10\.77\.0\.0\/24\.options\.routers$/m);
  assert.match(text, /^ {3}58 +renewalTime +1800 +by default: subnets\.10\.77\.0\.0\/24\.renewTime$/m);
  assert.match(text, /^ {3}because it is dgx01’s interface eno1 \[node dgx01, interfaces\.eno1\]$/m);
  assert.match(text, /^ {3}yiaddr 10\.77\.0\.50$/m);
  assert.match(text, /\n→ boots from its disk$/);
});

test('an acknowledgement is folded where it says what the offer said, and only there', () => {
  const offer = dhcpStep('iPXE asks', 'DHCPOFFER');
  const same = explanationText(explanation(offer, dhcpStep('iPXE takes it', 'DHCPACK')), false);
  assert.match(same, /2\. iPXE takes it\n {3}acknowledged, with everything that was offered/);
  const other = explanationText(explanation(offer, dhcpStep('iPXE takes it', 'DHCPACK', '10.77.0.9')), false);
  assert.doesNotMatch(other, /acknowledged/);
  assert.match(other, /10\.77\.0\.9/);
});

test('the bytes are shown where they are asked for, sixteen a line', () => {
  const step = dhcpStep('iPXE asks', 'DHCPOFFER');
  assert.doesNotMatch(explanationText(explanation(step), false), /0000 {2}01/);
  const text = explanationText(explanation(step), true);
  assert.match(text, /request\n {5}0000 {2}01 01 06 00 70 64 62 74\n/);
  assert.match(text, /answer\n {5}0000 {2}02 01 06 00 .*\n {5}0010 {2}ff/);
});

test('what would not be found or not be answered says so, and rendered text can’t steer the terminal', () => {
  const missing: ExplainedStep = {
    title: 'loads its kernel',
    outcome: 'missing',
    because: [{ text: 'linux is not there' }],
    file: { name: 'linux' },
  };
  const script: ExplainedStep = {
    title: 'iPXE asks for its script',
    outcome: 'answered',
    because: [{ text: 'its profile is rescue' }],
    file: { name: 'http://10.77.0.1/boot.ipxe', sizeBytes: 1_234, text: '#!ipxe\necho \u001b[2Jhello\n' },
  };
  const text = explanationText(explanation(script, missing), false);
  assert.match(text, /2\. loads its kernel: not found\n {3}because linux is not there\n {3}linux/);
  assert.match(text, /boot\.ipxe, 1,234 bytes\n {3}\| #!ipxe\n {3}\| echo �\[2Jhello/);
});
