-- name: every bearing is above the limit
select tag from pumps.hot where value <= 100;
