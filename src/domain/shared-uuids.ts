/**
 * SMBIOS UUIDs that many machines have in common, with the reason. They identify nobody: two machines would share one
 * node and one address. Such a UUID is treated as if it had not been sent.
 */
const SHARED_UUIDS: ReadonlyMap<string, string> = new Map([
  ['00000000-0000-0000-0000-000000000000', 'not present (SMBIOS specification section 7.2.1)'],
  ['ffffffff-ffff-ffff-ffff-ffffffffffff', 'present but not set (SMBIOS specification section 7.2.1)'],
  ['ffffff00-ffff-ffff-ffff-ffffffffffff', 'erased flash with one byte patched'],
  ['03000200-0400-0500-0006-000700080009', "the sample in AMI's firmware kit, left in by board makers"],
  ['00020003-0004-0005-0006-000700080009', "AMI's sample from firmware that sends option 97 big-endian"],
  ['03020100-0504-0706-0809-0a0b0c0d0e0f', 'counts from 0: a template that was never filled in'],
  ['00010203-0405-0607-0809-0a0b0c0d0e0f', 'the same template from firmware that sends option 97 big-endian'],
  ['12345678-1234-5678-90ab-cddeefaabbcc', 'the sample in several ODM board kits'],
  ['78563412-3412-7856-90ab-cddeefaabbcc', 'the same sample from firmware that sends option 97 big-endian'],
  ['00112233-4455-6677-8899-aabbccddeeff', 'the sample of many a tool that writes SMBIOS fields'],
  ['33221100-5544-7766-8899-aabbccddeeff', 'the same sample from firmware that sends option 97 big-endian'],
  ['4c4c4544-0000-2010-8020-80c04f202020', 'Dell, with a blank service tag after a change of the board'],
  ['fefefefe-fefe-fefe-fefe-fefefefefefe', 'a memory pattern'],
  ['11111111-1111-1111-1111-111111111111', 'typed in by hand'],
]);

/** Why many machines have this UUID; undefined for one that may identify a machine. */
export function whyShared(uuid: string): string | undefined {
  return SHARED_UUIDS.get(uuid);
}
