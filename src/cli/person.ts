import { userInfo } from 'node:os';

/** Who stands in the timeline where nobody is named. */
export function personOf(by: string | undefined, env: NodeJS.ProcessEnv): string {
  // An environment that was cleaned has them empty.
  return by ?? (env.SUDO_USER || env.USER || userInfo().username);
}
