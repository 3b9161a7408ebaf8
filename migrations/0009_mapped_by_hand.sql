-- additive
ALTER TABLE "listing" ADD COLUMN "mapped_by_hand" boolean DEFAULT false NOT NULL;