import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Architecture } from './architecture.ts';
import { manualPage } from './manual-page.ts';
import { installProductionModules } from './production-modules.ts';
import { stripTree } from './strip-types.ts';

/** Where all of it is: the paths between its files are those of a checkout, so the code finds what it needs by them. */
const HOME = 'usr/lib/podboot';
const DOCUMENTS = 'usr/share/doc/podboot';

/**
 * Everything that is installed, below `target`: the program with its types stripped, its packages, Node, its unit and
 * its documents. Below `/`, it runs.
 */
export async function layTree(
  root: string,
  target: string,
  { architecture, version }: { architecture: Architecture; version: string },
): Promise<void> {
  const home = join(target, HOME);
  const documents = join(target, DOCUMENTS);
  for (const folder of [join(home, 'bin'), join(home, 'docs'), documents]) mkdirSync(folder, { recursive: true });

  stripTree(join(root, 'src'), join(home, 'src'));
  cpSync(join(root, 'boot-assets'), join(home, 'boot-assets'), { recursive: true });
  for (const name of ['podboot', 'podboot-inventory']) cpSync(join(root, 'bin', name), join(home, 'bin', name));
  // `podboot init` names it in the first line of what it writes.
  cpSync(join(root, 'docs', 'podboot.schema.json'), join(home, 'docs', 'podboot.schema.json'));
  writeFileSync(join(home, 'package.json'), manifest(root, version));
  installProductionModules(root, architecture, {
    to: join(home, 'node_modules'),
    nodeTo: join(home, 'bin', 'node'),
    licenceTo: join(documents, 'node.LICENSE'),
  });

  for (const name of ['podboot', 'podboot-inventory']) {
    place(target, `usr/bin/${name}`, (path) => symlinkSync(`../lib/podboot/bin/${name}`, path));
  }
  for (const name of readdirSync(join(root, 'systemd'))) {
    const where = FOLDER_OF[name.slice(name.lastIndexOf('.'))];
    const to = name.endsWith('.service') ? name : name.replace(/\.[a-z]+$/, '.conf');
    if (where !== undefined) place(target, `${where}/${to}`, (path) => cpSync(join(root, 'systemd', name), path));
  }

  for (const name of ['README.md', 'CONTRIBUTING.md']) cpSync(join(root, name), join(documents, name));
  cpSync(join(root, 'docs'), join(documents, 'docs'), { recursive: true });
  writeFileSync(join(documents, 'NEWS.gz'), gzip(readFileSync(join(root, 'CHANGELOG.md'))));
  cpSync(join(root, 'debian', 'copyright'), join(documents, 'copyright'));
  place(target, 'usr/share/man/man8/podboot.8.gz', (path) => writeFileSync(path, gzip(manualPage(version))));
  place(target, 'usr/share/man/man8/podboot-inventory.8.gz', (path) =>
    writeFileSync(path, gzip('.so man8/podboot.8\n')),
  );
}

/** By the ending of a file in systemd/. */
const FOLDER_OF: Readonly<Record<string, string>> = {
  '.service': 'lib/systemd/system',
  '.sysusers': 'usr/lib/sysusers.d',
  '.sysctl': 'usr/lib/sysctl.d',
};

function place(target: string, name: string, write: (path: string) => void): void {
  const path = join(target, name);
  mkdirSync(join(path, '..'), { recursive: true });
  write(path);
}

/** What the program itself reads of package.json. `type` says that its files are modules. */
function manifest(root: string, version: string): string {
  const { name, description, type } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return `${JSON.stringify({ name, version, description, type, private: true }, null, 2)}\n`;
}

/** Without a name and a time in it: the same bytes each time. */
export function gzip(content: string | Uint8Array): Buffer {
  return gzipSync(content, { level: 9 });
}

/** Modes that do not depend on who packed: 0755 for folders and programs, 0644 for the rest. */
export function settleModes(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    chmodSync(path, entry.isDirectory() || PROGRAMS.test(path) ? 0o755 : 0o644);
  }
}

const PROGRAMS =
  /\/(usr\/lib\/podboot\/bin\/(podboot|podboot-inventory|node)|DEBIAN\/(preinst|postinst|prerm|postrm))$/;
