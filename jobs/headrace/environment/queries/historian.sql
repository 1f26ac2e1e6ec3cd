-- The queries of the Historian (docs/retrieval.md) as macros in DuckDB's SQL. Any DuckDB from 1.5 on that has the
-- tables historian.readings and historian.tags can load this file. The macros return the same rows in the same order:
--
--     from time_average2(['R80711.*'], '2026-03-01 00:00:00Z', '2026-03-02 00:00:00Z', interval '1 hour')
--
-- `tags` is a list of names and wildcards: * and ?, and ~* ~? ~~ for these characters in a name. Times are TIMESTAMPTZ,
-- or anything that DuckDB casts to it in the session's time zone. `every` is an INTERVAL of at most days, each 24 hours
-- long. Results: ts, the time of the reading or the start of the interval; value, in the tag's unit unless stated
-- otherwise; quality, an OPC UA StatusCode with its bits.
--
-- Differences: queries run forward, with the defaults of Configuration and the interpolation in historian.tags. NaN and
-- infinity count as bad, as with nonfinite="bad". An unknown name returns Bad_NoData, and a wildcard without a match
-- returns no row; it matches a tag that is not listed only if it has readings within 32 days of the requested time.
-- Sums may differ by 1e-9 of the largest value of their interval. All readings of 32 days on both sides are read.
--
-- Macros whose names start with an underscore are internal. Their times (`us`, and `low` and `high`, the requested
-- time) are microseconds since 1970, UTC. 0x0400 marks a quality that has bits: 1 calculated, 2 interpolated, 4
-- partial, 16 multiple. 1073741824 is Uncertain, 1084489728 Uncertain_DataSubNormal, 2147483648 Bad, 2157641728
-- Bad_NoData.

create or replace macro _us(moment) as epoch_us(moment::timestamptz);

-- The length of an interval in microseconds; the whole time if `every` is null.
create or replace macro _length(low, high, every) as case
    when high <= low then error('the span is empty: until must be later than since')
    when every is null then high - low
    when datepart('year', every::interval) != 0 or datepart('month', every::interval) != 0
        then error('months and years vary in length: use the Historian')
    when epoch_us(every::interval) <= 0 then error('the interval has no length: use one above zero')
    else epoch_us(every::interval)
end;

-- A pattern whose characters that stand for themselves, ~~ ~* and ~?, are control characters, and the opposite.
create or replace macro _protected(pattern) as
replace(replace(replace(pattern, '~~', chr(1)), '~*', chr(2)), '~?', chr(3));

create or replace macro _revealed(pattern) as
replace(replace(replace(pattern, chr(1), '~'), chr(2), '*'), chr(3), '?');

-- The tags in the order of the answer, with wildcards expanded ignoring case, and whether their values hold (stepped).
-- A wildcard finds the tags that are listed, and those with readings from 32 days before `low` to 32 days after `high`.
create or replace macro _asked(wanted, low, high) as table (
    with patterns as (
        select
            _protected(unnest(wanted::varchar[])) as pattern,
            generate_subscripts(wanted::varchar[], 1) as place
    ),

    spelt as (
        select
            *,
            regexp_matches(pattern, '[*?]') as wild,
            replace(replace(replace(lower(pattern), '\', '\\'), '%', '\%'), '_', '\_') as literal
        from patterns
    ),

    -- Without a wildcard, the first condition is a constant, and DuckDB does not read the readings for this.
    reported as (
        select distinct readings.tag
        from historian.readings as readings
        where
            regexp_matches(_protected(array_to_string(wanted::varchar[], chr(10))), '[*?]')
            and readings.ts >= make_timestamptz(low - 2764800000000)
            and readings.ts <= make_timestamptz(high + 2764800000000)
    ),

    named as (
        select
            known.tag,
            spelt.place
        from spelt
        inner join (select tag from historian.tags union select tag from reported) as known
            on lower(known.tag) like _revealed(replace(replace(spelt.literal, '*', '%'), '?', '_')) escape '\'
        where spelt.wild
        union all
        select
            _revealed(pattern) as tag,
            place
        from spelt
        where not wild
    )

    select
        named.tag,
        row_number() over (order by min(named.place), named.tag) as place,
        coalesce(bool_or(listed.interpolation = 'step'), false) as stepped
    from named
    left join historian.tags as listed on named.tag = listed.tag
    group by named.tag
);

-- The stored readings from `look` before `low` to `look` after `high`, both included. Of several readings of a tag at
-- the same instant, the one that was received last: the others are its earlier versions.
create or replace macro _readings(wanted, low, high, look) as table (
    with found as materialized (
        select
            asked.*,
            readings.ts,
            readings.value,
            readings.text,
            readings.quality
        from historian.readings as readings
        inner join _asked(wanted, low, high) as asked on readings.tag = asked.tag
        where readings.ts >= make_timestamptz(low - look) and readings.ts <= make_timestamptz(high + look)
    ),

    -- Few instants have several readings, so only for them are the columns read that tell which one is the last.
    repeated as materialized (
        select
            tag,
            place,
            stepped,
            ts
        from found
        group by all
        having count(*) > 1
    ),

    latest as (
        select
            repeated.*,
            readings.value,
            readings.text,
            readings.quality
        from historian.readings as readings
        inner join repeated on readings.tag = repeated.tag and readings.ts = repeated.ts
        where readings.ts >= make_timestamptz(low - look) and readings.ts <= make_timestamptz(high + look)
        qualify row_number() over (
            partition by readings.tag, readings.ts
            order by
                readings.ingested_at desc nulls last,
                readings.src_topic desc,
                readings.src_partition desc,
                readings.src_offset desc,
                readings.src_index desc
        ) = 1
    )

    select found.*
    from found
    left join repeated on found.tag = repeated.tag and found.ts = repeated.ts
    where repeated.ts is null
    union all
    from latest
);

-- The readings to calculate with, numbered in the order of each tag. In addition to the requested time, this includes
-- the nearest instants within 32 days that have a reading, and those that have a good one. A reading without a finite
-- value is bad, and a bad one has no value.
create or replace macro _points(wanted, low, high) as table (
    with around as (
        select
            tag,
            place,
            stepped,
            epoch_us(ts) as us,
            value as stored,
            case when quality >= 2147483648 or isfinite(value) then quality else 2147483648 end as quality,
            quality < 1073741824 and value is not null as fit
        from _readings(wanted, low, high, 2764800000000)
    ),

    nearest as (
        select
            tag,
            max(us) filter (where us < low) as before,
            max(us) filter (where us < low and fit) as before_fit,
            min(us) filter (where us > high) as behind,
            min(us) filter (where us > high and fit) as behind_fit
        from around
        group by tag
    ),

    kept as (
        select
            around.tag,
            around.place,
            around.stepped,
            around.us,
            around.quality,
            around.quality >> 30 as severity,
            case when around.quality < 2147483648 then around.stored end as value
        from around
        inner join nearest on around.tag = nearest.tag
        where
            around.us between low and high
            or around.us in (nearest.before, nearest.before_fit, nearest.behind, nearest.behind_fit)
    ),

    numbered as (
        select
            *,
            row_number() over running as number,
            -- A historian marks the creation of a tag with Bad_NoData: at the start of a tag that is not a reading.
            bool_or(quality >> 16 != 32923) over running as made
        from kept
        window running as (partition by tag order by us, severity desc, value, quality desc)
    )

    select * exclude (made)
    from numbered
    where made
);

-- Each instant with readings: whether all, or any, of them are good; the good values with which the tag arrives at the
-- instant and leaves it; and the number of readings up to the instant that are not good.
create or replace macro _instants(wanted, low, high) as table (
    select
        tag,
        us,
        bool_and(severity = 0) as arrives_good,
        bool_or(severity = 0) as leaves_good,
        min(value) filter (where severity = 0) as arrives,
        max(value) filter (where severity = 0) as leaves,
        arg_max(quality, number) as quality,
        (sum(count(*) filter (where severity > 0)) over (partition by tag order by us))::bigint as spoilt
    from _points(wanted, low, high)
    group by tag, us
);

-- The value at `moments`, a list of us, interpolated between good readings: the standard's interpolated bounding value.
create or replace macro _interpolated(wanted, moments, low, high) as table (
    with probes as (
        select
            tag,
            place,
            stepped,
            unnest(list_distinct(moments)) as us
        from _asked(wanted, low, high)
    ),

    joined as (
        select
            coalesce(probes.tag, instants.tag) as tag,
            coalesce(probes.us, instants.us) as us,
            probes.place,
            probes.stepped,
            instants.us is not null as reported,
            instants.leaves_good as good,
            instants.quality,
            instants.leaves,
            instants.arrives,
            instants.spoilt
        from probes
        full join _instants(wanted, low, high) as instants on probes.tag = instants.tag and probes.us = instants.us
    ),

    placed as (
        select
            *,
            last_value(case when good then us end ignore nulls) over before as early_us,
            last_value(case when good then leaves end ignore nulls) over before as early,
            last_value(case when good then spoilt end ignore nulls) over before as early_spoilt,
            first_value(case when good then us end ignore nulls) over behind as late_us,
            first_value(case when good then arrives end ignore nulls) over behind as late,
            coalesce(bool_or(reported) over behind, false) as more,
            case
                when stepped then max(spoilt) over upto
                else coalesce(
                    first_value(case when good then spoilt end ignore nulls) over behind,
                    max(spoilt) over (partition by tag)
                )
            end as spoilt_until
        from joined
        window
            before as (partition by tag order by us rows between unbounded preceding and 1 preceding),
            upto as (partition by tag order by us rows between unbounded preceding and current row),
            behind as (partition by tag order by us rows between 1 following and unbounded following)
    )

    select
        tag,
        make_timestamptz(us) as ts,
        case
            when good then leaves
            when stepped or late_us is null then early
            else early + (late - early) * ((us - early_us) / (late_us - early_us))
        end as value,
        case
            when good then quality
            when early_us is null then 2157641728
            when
                spoilt_until > early_spoilt or (stepped and not more) or (not stepped and late_us is null)
                then 1084489728 + 1026
            else 1026
        end as quality
    from placed
    where place is not null
    order by place, us
);

-- The intervals of each tag, numbered from 0; whether the readings of the tag cover them at least partly, and whether
-- the readings or the end of the query leave a part of them out.
create or replace macro _cells(wanted, low, high, every) as table (
    with spans as (
        select
            tag,
            place,
            stepped,
            unnest(range(low, high, _length(low, high, every))) as us
        from _asked(wanted, low, high)
    ),

    edges as (
        select
            tag,
            min(us) as first_us,
            max(us) as last_us
        from _points(wanted, low, high)
        group by tag
    ),

    ends as (
        select
            *,
            least(us + _length(low, high, every), high) as end_us
        from spans
    )

    select
        ends.*,
        (ends.us - low) // _length(low, high, every) as cell,
        coalesce(ends.us <= edges.last_us and ends.end_us > edges.first_us, false) as covered,
        coalesce(
            (edges.first_us > ends.us and edges.first_us < ends.end_us)
            or (edges.last_us >= ends.us and edges.last_us < ends.end_us)
            or ends.end_us - ends.us < _length(low, high, every),
            false
        ) as partial
    from ends
    left join edges on ends.tag = edges.tag
);

-- The time of each interval in us: the known time, the time with a usable value, the time with a good one; the integral
-- over the usable time in the tag's unit times us, and its lowest and highest value. The very last reading of a tag
-- holds for 1000 us.
create or replace macro _regions(wanted, low, high, every) as table (
    with cells as materialized (from _cells(wanted, low, high, every)),

    edges as (
        select
            tag,
            stepped,
            us
        from cells
        union
        select
            tag,
            stepped,
            end_us as us
        from cells
    ),

    joined as (
        select
            coalesce(edges.tag, instants.tag) as tag,
            coalesce(edges.us, instants.us) as us,
            edges.stepped,
            instants.us is not null as reported,
            instants.arrives_good,
            instants.leaves_good,
            instants.arrives,
            instants.leaves
        from edges
        full join _instants(wanted, low, high) as instants on edges.tag = instants.tag and edges.us = instants.us
    ),

    placed as (
        select
            * exclude (stepped),
            bool_or(stepped) over (partition by tag) as stepped,
            max(us) filter (where reported) over (partition by tag) as last_us,
            last_value(case when reported then us end ignore nulls) over before as early_us,
            last_value(leaves_good ignore nulls) over before as early_good,
            last_value(leaves ignore nulls) over before as early,
            first_value(case when reported then us end ignore nulls) over behind as late_us,
            first_value(arrives_good ignore nulls) over behind as late_good,
            first_value(arrives ignore nulls) over behind as late
        from joined
        window
            before as (partition by tag order by us rows between unbounded preceding and 1 preceding),
            behind as (partition by tag order by us rows between 1 following and unbounded following)
    ),

    bounded as (
        select
            *,
            not reported as bound,
            coalesce(early_good and late_us is not null, false) as bound_usable,
            coalesce(early_good and (stepped or late_good), false) as bound_good,
            case
                when stepped or not late_good then early
                else early + (late - early) * ((us - early_us) / (late_us - early_us))
            end as bound_value
        from placed
    ),

    valued as (
        select
            tag,
            us,
            last_us,
            stepped,
            case when bound then bound_usable else arrives_good end as arrives_usable,
            case when bound then bound_good else arrives_good end as arrives_good,
            case when bound then bound_value else arrives end as arrives,
            case when bound then bound_usable else leaves_good end as usable,
            case when bound then bound_good else leaves_good end as leaves_good,
            case when bound then bound_value else leaves end as leaves
        from bounded
    ),

    followed as (
        select
            *,
            lead(us) over following as next_us,
            lead(arrives_usable) over following as next_usable,
            lead(arrives_good) over following as next_good,
            lead(arrives) over following as next_arrives
        from valued
        window following as (partition by tag order by us)
    ),

    regions as (
        select
            tag,
            usable,
            (us - low) // _length(low, high, every) as cell,
            case when us = last_us and usable then least(next_us - us, 1000) else next_us - us end as width,
            usable and leaves_good and (stepped or next_good) as good,
            leaves as first_value,
            case when stepped or not next_usable then leaves else next_arrives end as last_value
        from followed
        where us >= low and us < high
    )

    select
        cells.*,
        sum(regions.width) as known,
        coalesce(sum(regions.width) filter (where regions.usable), 0) as usable,
        coalesce(sum(regions.width) filter (where regions.good), 0) as good,
        sum((regions.first_value + regions.last_value) / 2 * regions.width) filter (where regions.usable) as area,
        min(least(regions.first_value, regions.last_value)) filter (where regions.usable) as lowest,
        max(greatest(regions.first_value, regions.last_value)) filter (where regions.usable) as highest
    from cells
    inner join regions on cells.tag = regions.tag and cells.cell = regions.cell
    group by all
);

-- The readings of each interval: their number, the number and the sum of the good ones, the smallest and the largest
-- good value, the time of the first reading that has it, and the number of readings that have it.
create or replace macro _counted(wanted, low, high, every) as table (
    with placed as (
        select
            tag,
            us,
            case when severity = 0 then value end as value,
            (us - low) // _length(low, high, every) as cell
        from _points(wanted, low, high)
        where us >= low and us < high
    ),

    compared as (
        select
            *,
            min(value) over (partition by tag, cell) as least,
            max(value) over (partition by tag, cell) as greatest
        from placed
    ),

    counted as (
        select
            tag,
            cell,
            count(*) as readings,
            count(value) as good,
            sum(value) as total,
            min(value) as least,
            max(value) as greatest,
            min(us) filter (where value = least) as least_us,
            min(us) filter (where value = greatest) as greatest_us,
            count(*) filter (where value = least) as least_count,
            count(*) filter (where value = greatest) as greatest_count
        from compared
        group by tag, cell
    )

    select
        cells.*,
        coalesce(counted.readings, 0) as readings,
        coalesce(counted.good, 0) as good,
        counted.* exclude (tag, cell, readings, good)
    from _cells(wanted, low, high, every) as cells
    left join counted on cells.tag = counted.tag and cells.cell = counted.cell
);

-- A mean limited to the extremes of its values: the sum behind it is rounded, so that the mean of equal values could
-- differ from them by a bit.
create or replace macro _within(mean, low, high) as least(greatest(mean, low), high);

-- A StatusCode with bits, and with 0x0400 if there are any.
create or replace macro _coded(code, bits) as code + case when bits > 0 then 1024 + bits else 0 end;

-- Good if `good` is all of `whole`, Bad if it is zero, otherwise Uncertain_DataSubNormal.
create or replace macro _by_share(good, whole) as case
    when good = whole then 0
    when good = 0 then 2147483648
    else 1084489728
end;

-- The quality of a Minimum or Maximum.
create or replace macro _extreme_code(readings, good, at_start, times, partial_bit) as _coded(
    case when good < readings then 1084489728 else 0 end,
    case when good < readings or not at_start then 1 else 0 end + case when times > 1 then 16 else 0 end + partial_bit
);

-- The stored readings from `since` to before `until`.
create or replace macro readings_raw(tags, since, until) as table (
    select
        tag,
        ts,
        value,
        text,
        quality
    from _readings(tags, _us(since), _us(until) - 1, 0)
    order by place, ts
);

-- The last reading at or before a time, up to 32 days old. One row per tag; ts is null for a tag without such a
-- reading.
create or replace macro last_reading(tags, as_of) as table (
    select
        asked.tag,
        recent.ts,
        recent.value,
        recent.text,
        coalesce(recent.quality, 2157641728) as quality
    from _asked(tags, _us(as_of), _us(as_of)) as asked
    left join _readings(tags, _us(as_of) - 2764799999999, _us(as_of), 0) as recent on asked.tag = recent.tag
    qualify row_number() over (partition by asked.tag order by recent.ts desc) = 1
    order by asked.place
);

-- The value at given times, interpolated between readings, stepped or sloped as the tag is.
create or replace macro readings_at(tags, times) as table (
    from _interpolated(
        tags,
        list_transform(times, lambda moment: _us(moment)),
        list_min(list_transform(times, lambda moment: _us(moment))),
        list_max(list_transform(times, lambda moment: _us(moment)))
    )
);

-- The value at `since` and at every further `every` before `until`.
create or replace macro interpolated(tags, since, until, every) as table (
    from _interpolated(
        tags, range(_us(since), _us(until), _length(_us(since), _us(until), every)), _us(since), _us(until)
    )
);

-- TimeAverage2: the mean over the time with usable data, stepped or sloped as the tag is.
create or replace macro time_average2(tags, since, until, every := null) as table (
    select
        tag,
        make_timestamptz(us) as ts,
        case when covered and good > 0 then _within(area / usable, lowest, highest) end as value,
        case
            when not covered then 2157641728
            when usable = 0 then _coded(2157641728, if(partial, 4, 0))
            else _coded(_by_share(good, known), if(partial, 5, 1))
        end::bigint as quality
    from _regions(tags, _us(since), _us(until), every)
    order by place, us
);

-- DurationGood, in milliseconds: the time for which the last reading was good.
create or replace macro duration_good(tags, since, until, every := null) as table (
    select
        tag,
        make_timestamptz(us) as ts,
        case when covered then usable / 1000 end as value,
        case when covered then _coded(0, if(partial, 5, 1)) else 2157641728 end::bigint as quality
    from _regions(tags, _us(since), _us(until), every)
    order by place, us
);

-- PercentGood: DurationGood as a percentage of the known time.
create or replace macro percent_good(tags, since, until, every := null) as table (
    select
        tag,
        make_timestamptz(us) as ts,
        case when covered then usable / known * 100 end as value,
        case when covered then _coded(0, if(partial, 5, 1)) else 2157641728 end::bigint as quality
    from _regions(tags, _us(since), _us(until), every)
    order by place, us
);

-- Count: the number of good readings, without a unit.
create or replace macro good_count(tags, since, until, every := null) as table (
    select
        tag,
        make_timestamptz(us) as ts,
        case when covered and (good > 0 or readings = 0) then good::double end as value,
        case
            when not covered then 2157641728
            when good = 0 and readings > 0 then _coded(2147483648, if(partial, 4, 0))
            else _coded(_by_share(good, readings), if(partial, 5, 1))
        end::bigint as quality
    from _counted(tags, _us(since), _us(until), every)
    order by place, us
);

-- Average: the mean of the good readings.
create or replace macro average(tags, since, until, every := null) as table (
    select
        tag,
        make_timestamptz(us) as ts,
        case when covered and good > 0 then _within(total / good, least, greatest) end as value,
        case when covered and good > 0 then _coded(_by_share(good, readings), 1) else 2157641728 end::bigint as quality
    from _counted(tags, _us(since), _us(until), every)
    order by place, us
);

-- Minimum: the smallest good reading.
create or replace macro minimum(tags, since, until, every := null) as table (
    select
        tag,
        make_timestamptz(us) as ts,
        case when covered then least end as value,
        case
            when not covered then 2157641728
            when good = 0 then _coded(2157641728, if(partial, 4, 0))
            else _extreme_code(readings, good, least_us = us, least_count, if(partial, 4, 0))
        end::bigint as quality
    from _counted(tags, _us(since), _us(until), every)
    order by place, us
);

-- Maximum: the largest good reading.
create or replace macro maximum(tags, since, until, every := null) as table (
    select
        tag,
        make_timestamptz(us) as ts,
        case when covered then greatest end as value,
        case
            when not covered then 2157641728
            when good = 0 then _coded(2157641728, if(partial, 4, 0))
            else _extreme_code(readings, good, greatest_us = us, greatest_count, if(partial, 4, 0))
        end::bigint as quality
    from _counted(tags, _us(since), _us(until), every)
    order by place, us
);

-- The readings that a trend of `pixels` pixels shows, at most five per pixel: the first, the last, the smallest and the
-- largest that is not bad, and the first of the worst quality.
create or replace macro plot(tags, since, until, pixels := 1000) as table (
    with placed as (
        select
            *,
            (us - _us(since)) // ((_us(until) - _us(since) + pixels - 1) // pixels) as pixel
        from _points(tags, _us(since), _us(until))
        where us >= _us(since) and us < _us(until)
    ),

    chosen as (
        select
            tag,
            pixel,
            min(number) filter (where severity < 2) as first_drawn,
            max(number) filter (where severity < 2) as last_drawn,
            arg_min(number, (value, number)) filter (where severity < 2) as least,
            arg_max(number, (value, -number)) filter (where severity < 2) as greatest,
            arg_max(number, (severity, -number)) filter (where severity > 0) as worst
        from placed
        group by tag, pixel
    )

    select
        placed.tag,
        make_timestamptz(placed.us) as ts,
        placed.value,
        placed.quality
    from placed
    inner join chosen on placed.tag = chosen.tag and placed.pixel = chosen.pixel
    where placed.number in (chosen.first_drawn, chosen.last_drawn, chosen.least, chosen.greatest, chosen.worst)
    order by placed.place, placed.number
);
