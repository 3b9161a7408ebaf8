-- additive
CREATE INDEX "partner_file_bytes" ON "partner_file" USING btree ("merchant_id","bytes_until","file_id") WHERE "partner_file"."bytes" is not null;