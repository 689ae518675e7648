import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stringify } from 'yaml';
import { InvalidInput } from '../../../src/domain/errors.ts';
import { readKubeconfig } from '../../../src/runners/kubernetes/kubeconfig.ts';

const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const KEY = '-----BEGIN EC PRIVATE KEY-----\nMIIB\n-----END EC PRIVATE KEY-----\n';
const base64 = (text: string) => Buffer.from(text).toString('base64');

interface Parts {
  readonly cluster?: object;
  readonly user?: object;
  readonly top?: object;
}

function written({ cluster = {}, user = { token: 'secret-token' }, top = {} }: Parts = {}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'pod1',
    contexts: [
      { name: 'other', context: { cluster: 'nowhere', user: 'nobody' } },
      { name: 'pod1', context: { cluster: 'pod1.local', user: 'kubernetes-admin' } },
    ],
    clusters: [{ name: 'pod1.local', cluster: { server: 'https://10.0.0.1:6443', ...cluster } }],
    users: [{ name: 'kubernetes-admin', user }],
    ...top,
  });
}

function read(text: string, more: { allowInsecure?: boolean; files?: Record<string, string>; context?: string } = {}) {
  const { files = {}, ...options } = more;
  return readKubeconfig(text, {
    path: '/etc/podboot/kube/config',
    readFile: (path) => {
      const found = files[path];
      if (found === undefined) throw Object.assign(new Error('no'), { code: 'ENOENT' });
      return found;
    },
    ...options,
  });
}

function problems(text: string, more = {}): readonly string[] {
  try {
    read(text, more);
  } catch (error) {
    assert.ok(error instanceof InvalidInput);
    assert.doesNotMatch(JSON.stringify(error.problems), /secret/);
    for (const { mend } of error.problems) assert.ok(mend, 'every problem has its mend');
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

describe('a kubeconfig file', () => {
  test('as kubespray leaves it: CA, client certificate and key in it', () => {
    const access = read(
      written({
        cluster: { 'certificate-authority-data': base64(CERTIFICATE) },
        user: { 'client-certificate-data': base64(CERTIFICATE), 'client-key-data': base64(KEY) },
      }),
    );
    assert.deepEqual(access, {
      origin: 'https://10.0.0.1:6443',
      basePath: '',
      isBlind: false,
      authority: CERTIFICATE,
      clientCertificate: { certificate: CERTIFICATE, key: KEY },
    });
  });

  test('files that it names are looked for beside it', () => {
    const access = read(
      written({ cluster: { 'certificate-authority': 'ca.crt' }, user: { tokenFile: '/run/secrets/token' } }),
      { files: { '/etc/podboot/kube/ca.crt': CERTIFICATE } },
    );
    assert.equal(access.authority, CERTIFICATE);
    assert.equal(access.tokenFile, '/run/secrets/token');
  });

  test('a server behind a proxy of paths, and a certificate for another name', () => {
    const access = read(
      written({ cluster: { server: 'https://rancher.example/k8s/clusters/c-1/', 'tls-server-name': 'kube.example' } }),
    );
    assert.equal(access.origin, 'https://rancher.example');
    assert.equal(access.basePath, '/k8s/clusters/c-1');
    assert.equal(access.serverName, 'kube.example');
  });

  test('programs that fetch credentials are refused with a word', () => {
    const [problem] = problems(written({ user: { exec: { command: 'aws', args: ['eks', 'get-token'] } } }));
    assert.match(problem ?? '', /users.kubernetes-admin.exec: .*starts no program/);
    assert.match(problems(written({ user: { 'auth-provider': { name: 'gcp' } } }))[0] ?? '', /auth-provider/);
  });

  test('a server that is not to be trusted is refused, unless the operator says so', () => {
    const text = written({ cluster: { 'insecure-skip-tls-verify': true } });
    assert.match(problems(text)[0] ?? '', /insecure-skip-tls-verify: .*anybody could be the server/);
    assert.equal(read(text, { allowInsecure: true }).isBlind, true);
  });

  test('http is for kubectl proxy on this host alone', () => {
    assert.match(problems(written({ cluster: { server: 'http://10.0.0.1:8080' } }))[0] ?? '', /not https/);
    assert.equal(read(written({ cluster: { server: 'http://127.0.0.1:8001' } })).origin, 'http://127.0.0.1:8001');
  });

  test('all that is wrong is told at once', () => {
    const found = problems(
      written({
        cluster: { 'certificate-authority': 'gone.crt', 'proxy-url': 'http://proxy' },
        user: { 'client-certificate-data': base64(CERTIFICATE), 'client-key-data': base64('secret nonsense') },
      }),
    );
    assert.equal(found.length, 4);
    assert.match(
      found.join('\n'),
      /proxy-url[\s\S]*gone.crt: ENOENT[\s\S]*no PEM block of a private key[\s\S]*client-key is missing/,
    );
  });

  test('a context that is not there, no context, no YAML, another file, a bomb of aliases', () => {
    assert.match(problems(written(), { context: 'pod9' })[0] ?? '', /contexts: nothing there has the name pod9/);
    assert.match(problems(written({ top: { 'current-context': '' } }))[0] ?? '', /no context is chosen/);
    assert.match(problems('users: [secret')[0] ?? '', /line \d is no valid YAML/);
    assert.match(problems('- secret')[0] ?? '', /no kubeconfig file/);
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      'b: &b [*a,*a,*a,*a,*a,*a,*a]',
      'c: &c [*b,*b,*b,*b,*b]',
      'd: [*c,*c,*c,*c]',
    ];
    assert.match(problems(bomb.join('\n'))[0] ?? '', /no kubeconfig file/);
  });

  test('nobody to be, and a token with a line break', () => {
    assert.match(problems(written({ user: {} }))[0] ?? '', /neither a client certificate nor a token/);
    assert.match(problems(written({ user: { token: 'secret\n' } }))[0] ?? '', /characters that no token has/);
  });
});
