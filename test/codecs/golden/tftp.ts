import { fromHex } from './from-hex.ts';

/** What real boot loaders sent, and one server's answers. Captured from QEMU machines. */
export const goldenTftp = {
  /** OVMF asks for the size alone. */
  ovmfSizeRequest: fromHex(`
    0001697078652e656669006f63746574007473697a65003000626c6b73697a6500313436380077696e646f7773697a650034
    00
  `),
  /** dnsmasq: no windowsize. */
  sizeOack: fromHex(`
    0006626c6b73697a650031343638007473697a650038353035323800
  `),
  /** OVMF has the size: ERROR 8, no failure. */
  ovmfAbort: fromHex(`
    00050008557365722061626f7274656420746865207472616e7366657200
  `),
  /** OVMF asks for the file. */
  ovmfFileRequest: fromHex(`
    0001697078652e656669006f6374657400626c6b73697a6500313436380077696e646f7773697a65003400
  `),
  /** shim looks for a file that need not exist. */
  shimRequest: fromHex(`
    00017265766f636174696f6e735f736b752e656669006f6374657400626c6b73697a65003531320077696e646f7773697a65
    003400
  `),
  /** GRUB: a name with a leading slash. */
  grubRequest: fromHex(`
    00012f677275622f677275622e636667006f6374657400626c6b73697a650031303234007473697a65003000
  `),
  /** dnsmasq to GRUB. */
  grubOack: fromHex(`
    0006626c6b73697a650031303234007473697a650032353900
  `),
  /** ACK of block 2. */
  ack: fromHex(`
    00040002
  `),
  /** DATA, block 1, the last one. */
  data: fromHex(`
    000300017365742074696d656f75743d300a
  `),
  /** ERROR 1 as tftp-hpa words it. */
  notFound: fromHex(`
    0005000146696c65206e6f7420666f756e6400
  `),
};
