import type { Rng } from '#kit/pretend'
import type { WebhookFaults } from './faults.ts'
import { type Furniture, secretKey } from './furnish.ts'
import type { Door } from './hub.ts'
import { anActor, type Loom } from './loom.ts'
import type { Shop, ShopOrder } from './shop.ts'

/** A delivery that was answered 200: from then on the hub must have it. */
export interface Acked {
  readonly shop: string
  /** Null: the hub said nothing, since it knew the delivery. */
  readonly message: string | null
  readonly deliveryId: string
  readonly body: string
}
interface Delivery {
  readonly shop: Shop
  readonly n: number
  readonly id: string
  readonly body: string
  readonly occurred: string
  tries: number
}
interface Deps {
  readonly faults: () => WebhookFaults
  readonly door: () => Door
  readonly furniture: Furniture
  readonly rng: Rng
}

const patienceMs = 5_000
const retriesAfterMs = [2_000, 10_000, 30_000]

/** Sends what changed as each shop does: a strict one comes again until it is answered, a plain one never does. */
export function openSender(loom: Loom, { faults, door, furniture, rng }: Deps) {
  const acked: Acked[] = []
  const post = anActor('post')
  let underWay = 0
  let count = 0
  const later = (ms: number, label: string, run: () => void) => {
    underWay++
    loom.after(post, ms, {
      label,
      run: () => {
        underWay--
        run()
      },
    })
  }
  const failed = (delivery: Delivery) => {
    const afterMs = delivery.shop.carriesOrder ? retriesAfterMs[delivery.tries++] : undefined
    if (afterMs !== undefined)
      later(afterMs, `${delivery.shop.name} sends webhook ${delivery.n} again`, () => attempt(delivery))
  }
  const attempt = (delivery: Delivery) => {
    const to = door()
    if (!to.alive) return failed(delivery)
    let heard = false
    const unanswered = loom.decisions.happens('webhook.unanswered', faults().unanswered)
    const { kind, token } = furniture.shops.find(({ host }) => host === delivery.shop.name) ?? { kind: '', token: '' }
    const headers = { 'x-key': secretKey, 'x-delivery': delivery.id, 'x-occurred': delivery.occurred }
    const arrival = { kind, token, method: 'POST', headers, repeated: [], raw: Buffer.from(delivery.body) }
    const giveUp = () => {
      if (heard) return
      heard = true
      failed(delivery)
    }
    later(patienceMs, `${delivery.shop.name} stops waiting for an answer`, giveUp)
    void to
      .within(() => to.receive(arrival))
      .then(({ status, headers }) => {
        if (heard || unanswered || !to.alive) return
        heard = true
        if (status !== 200) return failed(delivery)
        acked.push({
          shop: delivery.shop.name,
          message: headers?.['x-crossdock-message'] ?? null,
          deliveryId: delivery.id,
          body: delivery.body,
        })
      })
  }
  const send = (shop: Shop, order: ShopOrder) => {
    const n = ++count
    const second = Math.floor(order.changedAt / 1_000)
    const occurred = new Date(order.changedAt).toISOString()
    // A plain shop names its deliveries by the second: two of one second share a name, and one sent again has another.
    const id = shop.carriesOrder ? `${shop.name}-${n}` : `${shop.name}-${second}`
    const delivery = (): Delivery => ({ shop, n, id, body: shop.bodyOf(order), occurred, tries: 0 })
    const first = delivery()
    const label = `${shop.name} sends webhook ${n} of ${order.id}`
    const { decisions } = loom
    if (decisions.happens('webhook.drop', faults().drop)) return
    const afterMs = decisions.happens('webhook.late', faults().late) ? rng() * 40_000 : rng() * 300
    later(afterMs, label, () => attempt(first))
    if (decisions.happens('webhook.twice', faults().twice))
      later(rng() * 20_000, `${label} twice`, () => attempt({ ...first, tries: retriesAfterMs.length }))
  }
  return { send, acked, underWay: () => underWay }
}
