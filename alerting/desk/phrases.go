package desk

import "strings"

// cancelled are the fixed words of a Cancel, or of an all-clear; %s is the event.
type cancelled struct{ headline, description string }

// cancelledIn gives the words for a language tag (RFC 3066), English where the language is not known.
func cancelledIn(language string) cancelled {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	switch base {
	case "ar":
		return cancelled{"أُلغي: %s", "أُلغي هذا التحذير: %s."}
	case "cs":
		return cancelled{"Zrušeno: %s", "Tato výstraha byla zrušena: %s."}
	case "da":
		return cancelled{"Afblæst: %s", "Denne advarsel er afblæst: %s."}
	case "de":
		return cancelled{"Aufgehoben: %s", "Diese Warnung ist aufgehoben: %s."}
	case "es":
		return cancelled{"Cancelado: %s", "Se ha cancelado este aviso: %s."}
	case "fi":
		return cancelled{"Peruttu: %s", "Tämä varoitus on peruttu: %s."}
	case "fr":
		return cancelled{"Annulé : %s", "Cette alerte est annulée : %s."}
	case "it":
		return cancelled{"Annullato: %s", "Questa allerta è stata annullata: %s."}
	case "ja":
		return cancelled{"解除：%s", "この警報は解除されました：%s。"}
	case "ko":
		return cancelled{"해제: %s", "이 경보는 해제되었습니다: %s."}
	case "nb", "nn", "no":
		return cancelled{"Avlyst: %s", "Dette varselet er avlyst: %s."}
	case "nl":
		return cancelled{"Ingetrokken: %s", "Deze waarschuwing is ingetrokken: %s."}
	case "pl":
		return cancelled{"Odwołano: %s", "To ostrzeżenie zostało odwołane: %s."}
	case "pt":
		return cancelled{"Cancelado: %s", "Este aviso foi cancelado: %s."}
	case "ru":
		return cancelled{"Отменено: %s", "Это предупреждение отменено: %s."}
	case "sv":
		return cancelled{"Inställt: %s", "Den här varningen är inställd: %s."}
	case "tr":
		return cancelled{"İptal edildi: %s", "Bu uyarı iptal edildi: %s."}
	case "uk":
		return cancelled{"Скасовано: %s", "Це попередження скасовано: %s."}
	case "zh":
		return cancelled{"已撤销：%s", "本预警已撤销：%s。"}
	}
	return cancelled{"Cancelled: %s", "This warning has been cancelled: %s."}
}

// clearedIn gives the words of an all-clear for a language tag (RFC 3066), English where the language is not known; %s is the event.
func clearedIn(language string) cancelled {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	switch base {
	case "ar":
		return cancelled{"انتهى الخطر: %s", "انتهى الخطر الذي حُذّر منه: %s."}
	case "cs":
		return cancelled{"Konec nebezpečí: %s", "Nebezpečí pominulo: %s."}
	case "da":
		return cancelled{"Faren er ovre: %s", "Faren, der blev advaret om, er ovre: %s."}
	case "de":
		return cancelled{"Entwarnung: %s", "Die Gefahr ist vorüber: %s."}
	case "es":
		return cancelled{"Fin del peligro: %s", "El peligro ha pasado: %s."}
	case "fi":
		return cancelled{"Vaara ohi: %s", "Vaara on ohi: %s."}
	case "fr":
		return cancelled{"Fin d'alerte : %s", "Le danger est passé : %s."}
	case "hi":
		return cancelled{"ख़तरा टला: %s", "ख़तरा टल गया है: %s।"}
	case "id":
		return cancelled{"Aman: %s", "Bahaya telah berlalu: %s."}
	case "it":
		return cancelled{"Cessato pericolo: %s", "Il pericolo è passato: %s."}
	case "ja":
		return cancelled{"危険解消：%s", "危険はなくなりました：%s。"}
	case "ko":
		return cancelled{"위험 해소: %s", "위험이 해소되었습니다: %s."}
	case "nb", "nn", "no":
		return cancelled{"Faren over: %s", "Faren er over: %s."}
	case "nl":
		return cancelled{"Gevaar geweken: %s", "Het gevaar is geweken: %s."}
	case "pl":
		return cancelled{"Koniec zagrożenia: %s", "Zagrożenie minęło: %s."}
	case "pt":
		return cancelled{"Fim do perigo: %s", "O perigo passou: %s."}
	case "ru":
		return cancelled{"Отбой: %s", "Опасность миновала: %s."}
	case "sv":
		return cancelled{"Faran över: %s", "Faran är över: %s."}
	case "th":
		return cancelled{"พ้นอันตราย: %s", "อันตรายผ่านพ้นไปแล้ว: %s"}
	case "tr":
		return cancelled{"Tehlike geçti: %s", "Tehlike geçti: %s."}
	case "uk":
		return cancelled{"Відбій: %s", "Небезпека минула: %s."}
	case "vi":
		return cancelled{"Hết nguy hiểm: %s", "Nguy hiểm đã qua: %s."}
	case "zh":
		return cancelled{"警报解除：%s", "险情已经解除：%s。"}
	}
	return cancelled{"All clear: %s", "The danger is over: %s."}
}
