import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The lab of real firmware and the load generators stand beside the project; a checkout alone does not have them. */
export const SHARED = new URL('../../../shared/', import.meta.url).pathname;

export interface Needs {
  /** Network namespaces take CAP_SYS_ADMIN. */
  readonly root?: boolean;
  /** Programs that have to be in PATH; `test/setup` installs them. */
  readonly tools?: readonly string[];
  /** Files that have to be there: firmware, boot programs. */
  readonly files?: readonly string[];
  /** Folders under ../shared. */
  readonly shared?: readonly string[];
}

/** Why a test can't run here, in words for `node:test`'s skip; false where it can. */
export function unmet(needs: Needs): string | false {
  const reasons: string[] = [];
  if (needs.root === true && process.getuid?.() !== 0) reasons.push('needs root, to make network namespaces');
  const tools = (needs.tools ?? []).filter((tool) => !inPath(tool));
  if (tools.length > 0)
    reasons.push(`needs ${tools.join(', ')}: run test/setup as root, with Debian's packages in reach`);
  const files = (needs.files ?? []).filter((file) => !existsSync(file));
  if (files.length > 0)
    reasons.push(`needs ${files.join(', ')}: run test/setup as root, with Debian's packages in reach`);
  const shared = (needs.shared ?? []).filter((folder) => !existsSync(join(SHARED, folder)));
  if (shared.length > 0)
    reasons.push(`needs ${shared.map((folder) => `../shared/${folder}`).join(', ')} beside the checkout`);
  return reasons.length === 0 ? false : reasons.join('; ');
}

function inPath(tool: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
