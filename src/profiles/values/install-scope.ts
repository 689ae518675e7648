import type { Problem } from '../../domain/errors.ts';
import { diskBytes } from './disk-choice.ts';
import type { InstallValues, SecretReference } from './install-values.ts';
import { MASK, passwordHashProblem, type SecretReader } from './secrets.ts';

/** `install` and `secrets` as templates see them: every key is there, null where nothing was said. */
export interface InstallScope {
  readonly install: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
}

/** @param mask true: for people's eyes; the secrets are still read, so that one that is missing is told */
export function installScope(values: InstallValues, reader: SecretReader, mask: boolean): InstallScope {
  const problems: Problem[] = [];
  const secret = (reference: SecretReference | undefined, path: string, isHash: boolean): string | null => {
    if (reference === undefined) return null;
    const found = reader.read(reference, path);
    const problem = typeof found !== 'string' ? found : isHash ? passwordHashProblem(found, path) : undefined;
    if (problem !== undefined) problems.push(problem);
    return mask || typeof found !== 'string' ? MASK : found;
  };
  const users = (values.users ?? []).map((user, index) => ({
    name: user.name,
    fullName: user.fullName ?? user.name,
    passwordHash: secret(user.passwordHash, `users[${index}].passwordHash`, true),
    sshKeys: user.sshKeys ?? [],
    groups: user.groups ?? [],
    sudo: user.sudo ?? false,
    shell: user.shell ?? '/bin/bash',
  }));
  const rootPasswordHash = secret(values.rootPasswordHash, 'rootPasswordHash', true);
  const secrets = Object.entries(values.secrets ?? {}).map(([name, reference]) => [
    name,
    secret(reference, `secrets.${name}`, false) ?? MASK,
  ]);
  return {
    problems,
    secrets: Object.fromEntries(secrets),
    install: {
      disk: diskScope(values.disk),
      interface: values.interface ?? null,
      users,
      rootPasswordHash,
      rootSshKeys: values.rootSshKeys ?? [],
      packages: values.packages ?? [],
      mirror: mirrorScope(values.mirror),
      proxy: values.proxy ?? null,
      kernelArguments: systemArguments(values),
      console: values.console ?? null,
      timeZone: values.timeZone ?? 'Etc/UTC',
      locale: values.locale ?? 'en_US.UTF-8',
      keyboard: values.keyboard ?? 'us',
      ntpServers: values.ntpServers ?? [],
      postInstall: values.postInstall ?? [],
      infiniband: infinibandScope(values.infiniband),
      variables: values.variables ?? {},
    },
  };
}

function diskScope(disk: InstallValues['disk']) {
  const { serial, model, minSize, maxSize, bus, path } = disk ?? {};
  return {
    isChosen: disk !== undefined,
    serial: serial ?? null,
    model: model ?? null,
    minBytes: minSize === undefined ? null : diskBytes(minSize),
    maxBytes: maxSize === undefined ? null : diskBytes(maxSize),
    bus: bus ?? null,
    path: path ?? null,
  };
}

/** debian-installer asks for a URL's parts one by one. */
function mirrorScope(mirror: string | undefined) {
  if (mirror === undefined) return null;
  const { protocol, host, pathname } = new URL(mirror);
  return { url: mirror, protocol: protocol.slice(0, -1), host, path: pathname };
}

/** Of the installed system; the last console is the one that init writes to. */
function systemArguments({ console: serial, kernelArguments }: InstallValues): string | null {
  const consoles = serial === undefined ? [] : ['console=tty0', `console=${serial}`];
  const words = [...consoles, ...(kernelArguments ?? '').split(' ').filter((word) => word !== '')];
  return words.length === 0 ? null : words.join(' ');
}

function infinibandScope(infiniband: InstallValues['infiniband']) {
  if (infiniband === undefined) return null;
  const { bondAddress, bondName = 'ibbond0', interfaces = ['ib0', 'ib1'], mtu } = infiniband;
  return { bondAddress, bondName, interfaces, mtu: mtu ?? null };
}
