/** What an environment image is made of. Paths `from` start at the checkout, `to` at the image's root. */
export type Recipe = {
  name: string
  /** Debian packages on top of a minimal system. */
  packages: string[]
  /** Go programs: folders below scripts/images. */
  programs: { module: string; to: string }[]
  /** `squeezed` adds NAME.gz beside NAME, for who serves it. */
  files: { from: string; to: string; mode?: number; squeezed?: boolean }[]
  /** Empty folders and files, owned by root. */
  folders: string[]
  emptyFiles: string[]
  /** The image's runtime configuration, as the OCI image specification names it. */
  config: {
    Entrypoint: string[]
    WorkingDir: string
    Env: string[]
    ExposedPorts: Record<string, object>
    Labels: Record<string, string>
  }
}
