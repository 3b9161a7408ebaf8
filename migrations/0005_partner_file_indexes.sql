-- additive
CREATE INDEX "partner_file_known" ON "partner_file" USING btree ("merchant_id","connection_id","sha256") WHERE "partner_file"."direction" = 'in';--> statement-breakpoint
CREATE INDEX "partner_file_sequence" ON "partner_file" USING btree ("merchant_id","connection_id","sequence") WHERE "partner_file"."direction" = 'out';