<?php
// A customer's program with PHP's SoapClient. Arguments: mode, WSDL or endpoint, then the call's own; prints the answer.
[, $mode, $where, $function] = $argv;
$arguments = array_map(fn ($text) => $text === '(null)' ? null : $text, array_slice($argv, 4));
$options = ['exceptions' => true, 'cache_wsdl' => WSDL_CACHE_NONE, 'connection_timeout' => 10];
if ($mode === 'latin1') {
    $options['encoding'] = 'ISO-8859-1';
    $arguments = array_map(fn ($text) => $text === null ? null : mb_convert_encoding_latin1($text), $arguments);
}
if ($mode === 'nowsdl') {
    $client = new SoapClient(null, $options + ['location' => $where, 'uri' => 'urn:smswebservices']);
} else {
    $client = new SoapClient($where, $options);
}
try {
    if ($function === '__getFunctions') {
        echo implode("\n", $client->__getFunctions());
    } elseif ($mode === 'method') {
        echo $client->$function(...$arguments);
    } else {
        echo $client->__soapCall($function, $arguments);
    }
} catch (SoapFault $fault) {
    echo 'fault ' . $fault->faultcode . ': ' . $fault->faultstring;
}

function mb_convert_encoding_latin1(string $text): string
{
    return iconv('UTF-8', 'ISO-8859-1', $text);
}
