/** What programs of a run are given of ours; neither credentials nor the descriptors that systemd passed. */
export function smallEnvironment(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: env.HOME ?? '/',
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    ...(env.TZ === undefined ? {} : { TZ: env.TZ }),
  };
}
