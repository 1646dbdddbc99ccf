/** What is known by object, on top of what somebody else knows: written here, it is not seen there. */
export class Layered<Key extends WeakKey, Value> {
  readonly #own = new WeakMap<Key, Value>()
  readonly #below: Layered<Key, Value> | undefined

  constructor(below?: Layered<Key, Value>) {
    this.#below = below
  }

  get(key: Key): Value | undefined {
    return this.#own.get(key) ?? this.#below?.get(key)
  }

  set(key: Key, value: Value): void {
    this.#own.set(key, value)
  }

  above(): Layered<Key, Value> {
    return new Layered(this)
  }
}

/** A map on top of another that stays as it is: beginning one costs nothing, whatever the other holds. */
export class LayeredMap<Key, Value> {
  readonly #own = new Map<Key, Value | undefined>()
  readonly #below: LayeredMap<Key, Value> | undefined

  constructor(below?: LayeredMap<Key, Value>) {
    this.#below = below
  }

  get(key: Key): Value | undefined {
    return this.#own.has(key) ? this.#own.get(key) : this.#below?.get(key)
  }

  set(key: Key, value: Value): void {
    this.#own.set(key, value)
  }

  delete(key: Key): void {
    if (this.#below) this.#own.set(key, undefined)
    else this.#own.delete(key)
  }

  above(): LayeredMap<Key, Value> {
    return new LayeredMap(this)
  }
}
