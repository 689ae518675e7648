import Type from 'typebox';
import { DEFAULTS } from './defaults.ts';
import { assetNotation, nameNotation } from './notations.ts';
import { installValues } from './schema-install.ts';
import { flag, named, oneOf, section, written } from './schema-leaves.ts';

export const FIRMWARES = ['bios', 'uefi-ia32', 'uefi-x64', 'uefi-arm64'] as const;

const DISK_METHODS = ['no-boot-file', 'ipxe-exit', 'ipxe-sanboot', 'grub-exit', 'grub-chainload'] as const;

function program(machines: string, example: string) {
  return Type.Optional(
    written(
      assetNotation,
      `Boot program of ${machines}, a file under assetsDir, for example ${example}; absent: podboot's own.`,
    ),
  );
}

function diskMethod(machines: string, example: (typeof DISK_METHODS)[number]) {
  return Type.Optional(
    oneOf(
      DISK_METHODS,
      `How ${machines} are sent to their own disk, for example ${example}; absent: what podboot knows to work for the firmware.`,
    ),
  );
}

export const bootSchema = section(
  {
    loader: Type.Optional(
      oneOf(
        ['auto', 'ipxe', 'grub'],
        'What brings a machine to its kernel: `grub` for a site with Secure Boot on, `auto` by the firmware. For example auto.',
        { default: DEFAULTS.boot.loader },
      ),
    ),
    programs: Type.Optional(
      section(
        {
          bios: program('x86 machines with a BIOS', 'ipxe/undionly.kpxe'),
          'uefi-ia32': program('x86 machines with 32-bit UEFI', 'ipxe/ia32/snponly.efi'),
          'uefi-x64': program('x86-64 machines with UEFI', 'ipxe/snponly.efi'),
          'uefi-arm64': program('arm64 machines with UEFI', 'grub/grubaa64.efi'),
        },
        "Boot programs of the operator's own, by firmware, for example { uefi-x64: ipxe/snponly.efi }.",
      ),
    ),
    diskMethods: Type.Optional(
      section(
        {
          bios: diskMethod('x86 machines with a BIOS', 'ipxe-sanboot'),
          'uefi-ia32': diskMethod('x86 machines with 32-bit UEFI', 'ipxe-exit'),
          'uefi-x64': diskMethod('x86-64 machines with UEFI', 'ipxe-exit'),
          'uefi-arm64': diskMethod('arm64 machines with UEFI', 'grub-exit'),
        },
        'How machines are sent to their own disk, by firmware, for example { bios: ipxe-sanboot }.',
      ),
    ),
  },
  'How machines are booted, for example { loader: grub }.',
);

const profileSchema = section(
  {
    kind: Type.Optional(
      written(
        nameNotation,
        'What the profile is, for example live: a kernel with its initial RAM disks. Absent: what its `base` is.',
      ),
    ),
    base: Type.Optional(
      written(
        nameNotation,
        'A ready-made profile (docs/profiles.md) that this one is made of, for example debian-12; what is written beside it goes before.',
      ),
    ),
    asset: Type.Optional(
      written(
        nameNotation,
        'An imported asset (`podboot assets list`) whose kernel and initrds it boots, for example debian-12-amd64; kernel and initrds that are written beside it go before.',
      ),
    ),
    kernel: Type.Optional(written(assetNotation, 'The kernel, a file under assetsDir, for example debian/linux.')),
    initrds: Type.Optional(
      Type.Array(written(assetNotation, 'An initial RAM disk, a file under assetsDir, for example debian/initrd.gz.'), {
        maxItems: 16,
        description: 'Initial RAM disks in the order in which they are loaded, for example [debian/initrd.gz].',
      }),
    ),
    arguments: Type.Optional(
      Type.String({
        maxLength: 2048,
        description:
          'Kernel command line without `initrd=`, for example console=ttyS0,115200. Everyone on the network can read it: no secrets.',
        examples: ['console=ttyS0,115200'],
      }),
    ),
    media: Type.Optional(
      written(
        assetNotation,
        'What its installer fetches by HTTP, under assetsDir: an ISO image, or the folder of an installation tree. For example ubuntu-24.04/ubuntu.iso.',
      ),
    ),
    delivery: Type.Optional(
      oneOf(
        ['nocloud', 'force-ai'],
        "How a profile of kind autoinstall is told where its answer file is: by cloud-init's seed, or as DGX OS 6 and 7 are. For example nocloud.",
      ),
    ),
    template: Type.Optional(
      written(
        assetNotation,
        "Template of its main answer file below templatesDir, in place of podboot's own, for example site/preseed.cfg.liquid.",
      ),
    ),
    script: Type.Optional(
      Type.String({
        maxLength: 16_384,
        description:
          'iPXE commands of a profile of kind script, one a line, for example "chain http://10.77.0.9/esxi.ipxe".',
        examples: ['chain http://10.77.0.9/esxi.ipxe'],
      }),
    ),
    destructive: Type.Optional(
      flag(
        'false where a profile of kind script never writes to a disk, so that it needs no boot grant, for example true.',
      ),
    ),
    values: Type.Optional(
      installValues(
        'What its installer is told, for example { packages: [chrony] }; stronger than `install`, weaker than a role.',
      ),
    ),
  },
  'What a node can boot, for example { kind: live, kernel: debian/linux, initrds: [debian/initrd.gz] }.',
);

export const profilesSchema = named(
  nameNotation,
  'Name of a profile, for example rescue.',
  profileSchema,
  'What nodes can boot, for example { rescue: { kind: live, kernel: debian/linux, initrds: [debian/initrd.gz] } }.',
);
