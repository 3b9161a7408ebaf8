/** How this warehouse works. Rates are 0..1 for each request; times are world minutes, [least, most]. */
export interface WarehouseDials {
  /** Address refused: the whole request is rejected. */
  reject: number
  /** One unit is found damaged while picking: it leaves the stock and the line closes short. */
  shortShip: number
  /** Two parcels instead of one. */
  partial: number
  /** Request files deleted after the pick-up instead of moved to the archive folder, so that nobody can find them again. */
  deleteTaken: number
  /** From taking a request in until picking starts; a cancel is honoured until then. */
  waitMinutes: readonly [number, number]
  /** From the start of picking until the parcel leaves. */
  pickMinutes: readonly [number, number]
  /** How often it looks for request files and sends its reply files. */
  roundMinutes: number
}

export const calmDials: WarehouseDials = {
  reject: 0,
  shortShip: 0,
  partial: 0.2,
  deleteTaken: 0,
  waitMinutes: [1, 3],
  pickMinutes: [1, 5],
  roundMinutes: 1,
}
/** Taken for the rates that nobody set, while any fault is dialled up. */
export const roughDials: WarehouseDials = {
  ...calmDials,
  reject: 0.02,
  shortShip: 0.02,
  partial: 0.25,
  deleteTaken: 0.2,
}
