-- additive
CREATE INDEX "partner_file_name" ON "partner_file" USING btree ("merchant_id","connection_id","name") WHERE "partner_file"."direction" = 'in';