/** One request to a BMC and how its answer is read. */
export interface IpmiCommand<Result> {
  /** As the specification calls it: `Get Chassis Status`. */
  readonly name: string;
  /** Even (IPMI 2.0 table 5-1). */
  readonly netFn: number;
  readonly command: number;
  readonly data: Uint8Array;
  /**
   * False for what does something each time that it arrives (a power cycle): it is never sent twice blindly. Everything
   * else may be repeated until it is answered.
   */
  readonly isRepeatable: boolean;
  /** What completion codes of its own mean, beside those of table 5-2. */
  readonly codes?: Readonly<Record<number, string>>;
  /**
   * @param data what follows the completion code 0
   * @throws MalformedPacket
   */
  read(data: Uint8Array): Result;
}

export type CommandNumbers = Pick<IpmiCommand<unknown>, 'name' | 'netFn' | 'command'>;

/** A command whose answer says nothing more than that it was done. */
export function acknowledged(
  numbers: CommandNumbers,
  data: readonly number[],
  rest: { readonly isRepeatable?: boolean; readonly codes?: IpmiCommand<void>['codes'] } = {},
): IpmiCommand<void> {
  const { isRepeatable = true, codes } = rest;
  return {
    ...numbers,
    data: Uint8Array.from(data),
    isRepeatable,
    ...(codes === undefined ? {} : { codes }),
    read: () => undefined,
  };
}
