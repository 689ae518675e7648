/** What podboot.service calls, as its file in systemd/ has it. */
const PACKAGED_COMMAND = '/usr/bin/podboot';

/** Hidden from the service, or empty in it (ProtectHome=, TemporaryFileSystem=). */
const HIDDEN = ['/home/', '/root/', '/run/user/'];
const EMPTIED = ['/tmp/', '/var/tmp/'];

/**
 * podboot.service for a checkout: its own command, and a way to it where the service would not see it.
 *
 * @param packaged the text of systemd/podboot.service
 * @param root the checkout's folder, absolute
 */
export function unitForCheckout(packaged: string, root: string): string {
  const command = commandWord(`${root}/bin/podboot`);
  const inside = (folders: readonly string[]) => folders.some((folder) => `${root}/`.startsWith(folder));
  const unit = packaged.replaceAll(`=${PACKAGED_COMMAND} `, () => `=${command} `);
  if (!inside([...HIDDEN, ...EMPTIED])) return unit;
  // An empty file system in the place of all homes, with nothing in it but the checkout.
  return unit.replace(/^ProtectHome=.*$/m, () => `ProtectHome=tmpfs\nBindReadOnlyPaths=${pathWord(root)}`);
}

/** A word of a command: `%` begins a specifier, `$` a variable, a space ends it (systemd.unit(5), systemd.service(5)). */
function commandWord(path: string): string {
  return quoted(path.replaceAll('$', '$$$$'));
}

/** A word of a list of paths, where a colon would begin what follows it. */
function pathWord(path: string): string {
  return quoted(path).replaceAll(':', '\\:');
}

function quoted(word: string): string {
  const escaped = word.replaceAll('\\', '\\\\').replaceAll('%', '%%').replaceAll('"', '\\"');
  return /[\s'"\\;]/.test(word) ? `"${escaped}"` : escaped;
}
