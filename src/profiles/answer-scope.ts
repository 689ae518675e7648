import type { AnswerContext } from '../domain/answer-file.ts';
import { formatIpv4 } from '../domain/ipv4.ts';
import { parseMac } from '../domain/mac.ts';
import type { Node } from '../domain/node.ts';
import type { ProfileSettings } from '../domain/settings.ts';
import { QUOTES } from './templates/languages.ts';
import type { InstallScope } from './values/install-scope.ts';

interface ScopeParts {
  readonly node: Node;
  readonly profile: ProfileSettings;
  readonly context: AnswerContext;
  readonly known: InstallScope;
}

/** Everything that a template can name; docs/profiles.md lists it. */
export function answerScope({ node, profile, context, known }: ScopeParts): Readonly<Record<string, unknown>> {
  const { baseUrl, origin } = context;
  return {
    node: nodeScope(node),
    profile: { name: profile.name, kind: profile.kind, base: profile.base ?? null },
    installer: profile.kind,
    install: known.install,
    secrets: known.secrets,
    address: formatIpv4(context.address),
    nic: nicScope(node, known.install.interface),
    instanceId: `podboot-${node.id}`,
    url: {
      base: baseUrl,
      origin,
      assets: `${origin}/assets/`,
      media: profile.media === undefined ? null : `${origin}/assets/${profile.media}`,
    },
    callbackUrl: `${baseUrl}callback/`,
    earlyCommand: earlyCommand(baseUrl),
  };
}

/** One line for any shell, with curl or wget: everything else is in files, so that nothing has to be quoted twice. */
function earlyCommand(baseUrl: string): string {
  const url = QUOTES.shell(`${baseUrl}early.sh`);
  const file = '/tmp/podboot/early.sh';
  return `mkdir -p -m 700 /tmp/podboot && { curl -fsS -m 60 -o ${file} ${url} || wget -q -O ${file} ${url}; } && sh ${file}`;
}

function nodeScope(node: Node) {
  return {
    name: node.name,
    uuid: node.uuid ?? null,
    serialNumber: node.serialNumber ?? null,
    rack: node.rack ?? null,
    position: node.position ?? null,
    group: node.group ?? null,
    roles: node.roles,
    labels: node.labels,
    interfaces: node.interfaces.map(({ name, role, mac, address }) => ({
      name,
      role,
      mac: mac ?? null,
      address: address === undefined ? null : formatIpv4(address),
    })),
  };
}

/** The installed system's NIC: as it was named, else the one that boots. */
function nicScope(node: Node, named: unknown) {
  const text = typeof named === 'string' ? named : undefined;
  const mac = text === undefined ? undefined : parseMac(text);
  if (mac !== undefined) return { mac, name: null };
  const recorded = node.interfaces.find((each) => (text === undefined ? each.role === 'boot' : each.name === text));
  if (recorded?.mac !== undefined) return { mac: recorded.mac, name: null };
  return { mac: null, name: text ?? null };
}
