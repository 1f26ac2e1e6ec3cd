create secret warehouse (
    type s3,
    key_id $access_key,
    secret $secret_key,
    region $region,
    endpoint $endpoint,
    use_ssl $tls,
    url_style $url_style
)
