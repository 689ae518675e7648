import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostRefused, type OpeningStep } from '../../src/net/host-refused.ts';

const TFTP = { address: '10.77.0.1', port: 69, interfaceName: 'nosuch0' };

describe('what the kernel refuses', () => {
  const cases: [errno: string, step: OpeningStep, message: RegExp, mend: RegExp][] = [
    ['EACCES', 'bind', /UDP port 69 of 10\.77\.0\.1 may not be opened: .* CAP_NET_BIND_SERVICE/, /setcap .*\+ep \//],
    ['EPERM', 'interface', /bound to interface nosuch0: .* CAP_NET_RAW/, /podboot\.service or as root/],
    ['EADDRINUSE', 'bind', /UDP port 69 of 10\.77\.0\.1 is in use/, /tftp\.port/],
    ['ENODEV', 'interface', /interface nosuch0 is not there/, /interfaces/],
    ['EADDRNOTAVAIL', 'bind', /10\.77\.0\.1 is not on interface nosuch0/, /interfaces\.nosuch0\.address|ip addr add/],
    ['EMFILE', 'socket', /no more file descriptors/, /LimitNOFILE/],
    ['ENOMEM', 'socket', /ENOMEM/, /ss -ulpn/],
  ];
  for (const [errno, step, message, mend] of cases) {
    it(`is told with its mend: ${errno} at ${step}`, () => {
      const error = hostRefused(errno, step, TFTP);
      assert.match(error.message, message);
      assert.match(error.mend ?? '', mend);
    });
  }

  it('names the setting of the port that is in use', () => {
    const at = (port: number) => hostRefused('EADDRINUSE', 'bind', { address: '0.0.0.0', port }).mend ?? '';
    assert.match(at(67), /dhcp\.port/);
    assert.match(at(4011), /dhcp\.proxyPort/);
  });
});
