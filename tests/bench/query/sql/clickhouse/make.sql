create table readings (
    tag LowCardinality(String),
    ts DateTime64(6, 'UTC') codec(DoubleDelta, ZSTD),
    value Nullable(Float64) codec(Gorilla, ZSTD),
    quality UInt32 codec(ZSTD)
)
engine = MergeTree
order by (tag, ts)
