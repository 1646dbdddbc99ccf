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
