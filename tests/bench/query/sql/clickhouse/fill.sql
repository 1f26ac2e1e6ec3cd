insert into readings
select tag, ts, value, toUInt32(quality)
from file({files:String}, Parquet)
