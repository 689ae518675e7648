export interface RedfishRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface RedfishAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text goes out as it stands. */
  readonly body?: object | string;
}

/** As DSP0266 section 8.6 has an error, with the message of the Base registry. */
export function redfishError(
  status: number,
  messageId: string,
  message: string,
  resolution = 'None.',
  messageArgs: readonly string[] = [],
): RedfishAnswer {
  const info = {
    '@odata.type': '#Message.v1_1_1.Message',
    MessageId: `Base.1.8.${messageId}`,
    Message: message,
    MessageArgs: messageArgs,
    Resolution: resolution,
  };
  const error = { code: 'Base.1.8.GeneralError', message: 'See ExtendedInfo.', '@Message.ExtendedInfo': [info] };
  return { status, body: { error } };
}
