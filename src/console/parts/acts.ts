import { plain } from './words.ts'

const acts: Readonly<Record<string, string>> = {
  'merchant.created': 'Business made',
  'user.signed_in': 'Signed in',
  'user.signed_out': 'Signed out',
  'user.password_changed': 'Password changed',
  'user.second_factor_added': 'Two-step sign-in switched on',
  'user.second_factor_removed': 'Two-step sign-in switched off',
  'user.recovery_codes_renewed': 'Recovery codes renewed',
  'session.ended': 'Browser signed out',
  'session.others_ended': 'Other browsers signed out',
  'member.invited': 'Somebody invited',
  'member.joined': 'Joined the team',
  'member.role_changed': 'Role changed',
  'member.removed': 'Removed from the team',
  'member.signed_out': 'Signed out everywhere',
  'invitation.withdrawn': 'Invitation withdrawn',
  'key.created': 'API key made',
  'key.revoked': 'API key revoked',
  'PATCH /merchant': 'Business changed',
  'POST /connections': 'Channel connected',
  'PATCH /connections/:id': 'Channel changed',
  'POST /connections/:id/disconnect': 'Channel disconnected',
  'POST /connections/:id/poll': 'Channel asked for news',
  'POST /connections/consents': 'Went to a channel to connect it',
  'POST /warehouses/:id/send': 'Warehouse sent to at once',
  'POST /warehouses/:id/files': 'File of a warehouse handed in',
  'POST /items': 'Items made',
  'PUT /listings/:id/components': 'Listing linked',
  'POST /locations': 'Location made',
  'PATCH /locations/:id': 'Location changed',
  'POST /inventory/adjustments': 'Stock adjusted',
  'POST /fulfillment-orders/:id/retry': 'Warehouse asked again',
  'POST /fulfillment-orders/:id/shipments': 'Shipment recorded by hand',
  'POST /exceptions/:id/resolve': 'Exception marked as settled',
  'POST /inbox/messages/:id/replay': 'Message read again',
  'POST /privacy/erasures': 'Erasure asked for',
  'POST /privacy/requests/:id/done': 'Privacy request answered',
}

/** What was done, in words; the route or the dotted name is what programs know it by. */
export function actName(act: string): string {
  const known = acts[act.replace(' /api/v1/', ' /')]
  return known ?? plain(act.replace('/api/v1/', ''))
}
