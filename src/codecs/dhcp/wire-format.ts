/** RFC 2131 section 2, figure 1: everything before the magic cookie. */
export const HEADER_BYTES = 236;
export const SNAME_OFFSET = 44;
export const FILE_OFFSET = 108;

/** 99.130.83.99 (RFC 2131 section 3). */
export const MAGIC_COOKIE = 0x63825363;

/** A message is padded to this: relays and boot ROMs made for BOOTP drop shorter ones (RFC 1542 section 2.1). */
export const MIN_MESSAGE_BYTES = 300;

/** Both fields end with a NUL, so the text is one shorter than the field. */
export const MAX_SNAME_BYTES = 63;
export const MAX_FILE_BYTES = 127;

/** Option 52 (RFC 2132 section 9.3): a bit for each field that carries options. */
export const OVERLOAD = { code: 52, file: 1, sname: 2 } as const;
