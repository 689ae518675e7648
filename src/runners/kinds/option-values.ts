/** `cluster.options` is checked when the configuration is read; here its values get their types back. */
export function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

export function textOption(options: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

export function listOption(options: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const value = options[name];
  return isStrings(value) ? value : [];
}
