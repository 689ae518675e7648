/** Major, minor, patch. */
export type Version = readonly [number, number, number];

/** `2.14.18`, `v1.33.1`, `1.33`, `v1.29.3+k3s1`; undefined for anything else. */
export function parseVersion(text: string): Version | undefined {
  const match = /^v?([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?(?:[-+].*)?$/.exec(text.trim());
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

/** Below, at or above zero. */
export function compareVersions(one: Version, other: Version): number {
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2];
}

export function versionText(version: Version): string {
  return version.join('.');
}
