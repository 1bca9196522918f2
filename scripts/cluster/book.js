/**
 * What the registry has promised: every instance that a campaign ever registered, whether its owner was told that it is
 * registered or that it is gone, and since when. Ids are never used again, so an instance only goes forward.
 */

/**
 * @typedef {object} Instance
 * @property {string} service
 * @property {string} id
 * @property {string} address no other instance has it
 * @property {'coming' | 'live' | 'leaving' | 'gone'} state `coming` and `leaving`: asked for, and not answered yet
 * @property {number} since of `live` and `gone`: when that was answered
 * @property {number | null} generation
 */

export class Book {
  /** All, by `SERVICE/ID` and `SERVICE/ADDRESS`. @type {Map<string, Instance>} */
  #instances = new Map();
  #opened = 0;
  /** Those that are not gone, by service. @type {Map<string, Set<Instance>>} */
  #present;

  /** @param {readonly string[]} services */
  constructor(services) {
    this.#present = new Map(services.map((service) => [service, new Set()]));
  }

  get services() {
    return [...this.#present.keys()];
  }

  /** A new one, which is about to be registered. @returns {Instance} */
  open(service, kind) {
    const number = ++this.#opened;
    const address = `10.${(number >> 16) & 0xff}.${(number >> 8) & 0xff}.${number & 0xff}`;
    const instance = { service, id: `${kind}${number}`, address, state: 'coming', since: 0, generation: null };
    this.#instances.set(`${service}/${instance.id}`, instance);
    this.#instances.set(`${service}/${address}`, instance);
    this.#present.get(service).add(instance);
    return instance;
  }

  registered(instance, generation) {
    Object.assign(instance, { state: 'live', since: performance.now(), generation });
  }

  leaving(instance) {
    instance.state = 'leaving';
  }

  deregistered(instance) {
    Object.assign(instance, { state: 'gone', since: performance.now() });
    this.#present.get(instance.service).delete(instance);
  }

  /** By its id or its address. */
  find(service, label) {
    return this.#instances.get(`${service}/${label}`);
  }

  /** @returns {Instance[]} */
  live(service) {
    return [...this.#present.get(service)].filter(({ state }) => state === 'live');
  }
}
